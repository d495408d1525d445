import { once } from 'node:events'
import { runTapwire } from './main.ts'
import type { Terminal } from './terminal.ts'

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

const interruption = new AbortController()
for (const [signal, number] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    // Who asks twice does not want to wait for anything: what must go at the end goes with the `exit` event.
    if (interruption.signal.aborted) process.exit(128 + number)
    interruption.abort(number)
  })
}

const terminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  interrupted: interruption.signal,
}

// A reader that has seen enough, such as head(1), ends the command, and is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const status = await runTapwire(process.argv.slice(2), terminal)
// A pipe takes its time; exit would cut off what it has not taken yet.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writableLength > 0) await once(stream, 'drain')
}
process.exit(status)
