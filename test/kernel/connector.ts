// A client on the kernel's side that connects again and again, one connection after the other, and tells how long each took.
import { connect } from 'node:net'

/** What it answers to a message: everything since the last one. */
export interface ConnectorReport {
  /** Milliseconds from the call to 'connect', and to the first byte that is echoed. */
  readonly connects: number[]
  readonly echoes: number[]
  readonly errors: string[]
}

const [port, pause, ...hosts] = process.argv.slice(2)
let report: ConnectorReport = { connects: [], echoes: [], errors: [] }
let ended = false

function attempt(host: string): Promise<void> {
  return new Promise((resolve) => {
    const start = performance.now()
    const socket = connect({ port: Number(port), host })
    socket.once('connect', () => {
      report.connects.push(performance.now() - start)
      socket.write('x')
    })
    socket.once('data', () => {
      report.echoes.push(performance.now() - start)
      socket.end()
    })
    socket.once('error', (error: NodeJS.ErrnoException) => report.errors.push(error.code ?? error.message))
    socket.once('close', () => resolve())
  })
}

process.on('message', () => {
  process.send?.(report)
  report = { connects: [], echoes: [], errors: [] }
})
process.on('disconnect', () => {
  ended = true
})
process.send?.('ready')
for (let turn = 0; !ended; turn++) {
  await attempt(hosts[turn % hosts.length])
  await new Promise((resolve) => setTimeout(resolve, Number(pause)))
}
