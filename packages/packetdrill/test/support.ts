import { type RunOptions, runScript, type ScriptError, type ScriptResult } from '../src/index.ts'

/** A server with one connection, by descriptor 4; its peer offers an MSS of 1000. Ten lines. */
export const SERVER = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <...>
+.1 < . 1:1(0) ack 1 win 257
+0 accept(3, ..., ...) = 4

`

/** The line that follows `SERVER`. */
export const AFTER = 10

export function run(text: string, options: RunOptions = {}): ScriptResult {
  return runScript(text, { file: 'test.pkt', ...options })
}

/** What is wrong with a script that must fail. */
export function failure(text: string, options: RunOptions = {}): ScriptError {
  const { error } = run(text, options)
  if (error === null) throw new Error('this script was to fail, and has passed')
  return error
}

/** The message of a script that must pass: undefined. */
export function problem(text: string, options: RunOptions = {}): string | undefined {
  return run(text, options).error?.message
}
