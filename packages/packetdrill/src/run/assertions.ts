import { SOL_TCP, SocketError, type Sockets, TCP_INFO } from '@tapwire/sockets'
import { AssertionFailure, runCode } from '../assertions/evaluate.ts'
import { textOf, type Value } from '../assertions/values.ts'
import { constant } from './constants.ts'

/** The code between %{ and }% of one run: it sees tcp_info of the connection, and what code before it has assigned. */
export class Assertions {
  readonly #variables = new Map<string, Value>()
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /**
   * @param fd the connection's descriptor; null while it has none
   * @returns what is wrong, or null
   */
  run(code: string, sockets: Sockets, fd: number | null): { reason: string; details: string[] } | null {
    const info = fd === null ? {} : readInfo(sockets, fd)
    try {
      runCode(code, {
        lookup: (name) => this.#variables.get(name) ?? figure(info, name) ?? constant(name),
        assign: (name, value) => this.#variables.set(name, value),
        print: this.#print,
      })
      return null
    } catch (error) {
      if (error instanceof AssertionFailure) return failure(error)
      if (error instanceof SyntaxError || error instanceof TypeError || error instanceof ReferenceError) {
        const known = error instanceof ReferenceError && fd === null ? ' (there is no connection to ask)' : ''
        return { reason: `the code cannot be run: ${error.message}${known}`, details: [] }
      }
      throw error
    }
  }
}

function readInfo(sockets: Sockets, fd: number): Readonly<Record<string, unknown>> {
  try {
    return sockets.getsockopt(fd, SOL_TCP, TCP_INFO) as unknown as Readonly<Record<string, unknown>>
  } catch (error) {
    // Closed, or no TCP: there are no figures then.
    if (error instanceof SocketError) return {}
    throw error
  }
}

function figure(info: Readonly<Record<string, unknown>>, name: string): Value | undefined {
  if (!Object.hasOwn(info, name)) return undefined
  const value = info[name]
  return typeof value === 'bigint' ? Number(value) : (value as Value)
}

function failure(error: AssertionFailure): { reason: string; details: string[] } {
  const said = error.message === '' ? '' : ` (${error.message})`
  const values = [...error.values].map(([name, value]) => `${name} is ${textOf(value)}`)
  return {
    reason: `the assertion does not hold${said}`,
    details: [`expected: ${error.condition}`, `actual:   ${values.join(', ') || 'false'}`],
  }
}
