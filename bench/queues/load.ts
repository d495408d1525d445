// The load, on the kernel's side: told by its parent what to do and for how long, it answers how much it has done.
import { connect, type Socket } from 'node:net'

export type Load = 'receiving' | 'sending' | 'connecting'

export interface LoadRequest {
  readonly load: Load
  readonly connections: number
  readonly seconds: number
}

export interface LoadReport {
  /** Bytes, or connections. */
  readonly amount: number
  readonly seconds: number
  /** Seconds of processor time of this process. */
  readonly cpu: number
}

const [, , host] = process.argv
const chunk = Buffer.alloc(65_536, 'x')
/** More than anybody sends in a run. */
const ENDLESS = 1e15

function report(news: LoadReport | string): void {
  if (process.connected) process.send?.(news)
}

async function run({ load, connections, seconds }: LoadRequest): Promise<void> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const until = began + seconds * 1000
  const done = await Promise.all(Array.from({ length: connections }, () => LOADS[load](until)))
  const { user, system } = process.cpuUsage(cpu)
  report({
    amount: done.reduce((sum, amount) => sum + amount, 0),
    seconds: (performance.now() - began) / 1000,
    cpu: (user + system) / 1e6,
  })
}

const LOADS: { readonly [K in Load]: (until: number) => Promise<number> } = {
  receiving: (until) =>
    over(connect({ host, port: 9, allowHalfOpen: true }), (socket, finish) => {
      let answer = ''
      const pump = (): void => {
        while (performance.now() < until) if (!socket.write(chunk)) return
        if (!socket.writableEnded) socket.end()
      }
      socket.on('connect', pump).on('drain', pump)
      socket.on('data', (data) => {
        answer += data
      })
      socket.on('end', () => finish(Number(answer)))
    }),
  sending: (until) =>
    over(connect({ host, port: 19 }), (socket, finish) => {
      let got = 0
      socket.on('connect', () => socket.write(`${ENDLESS}\n`))
      socket.on('data', (data) => {
        got += data.length
        if (performance.now() >= until) finish(got)
      })
    }),
  async connecting(until) {
    let made = 0
    while (performance.now() < until) {
      made += await over(connect({ host, port: 7 }), (socket, finish) => {
        socket.on('connect', () => socket.end('x')).on('data', () => {})
        socket.on('end', () => finish(1))
      })
    }
    return made
  },
}

function over(
  socket: Socket,
  begin: (socket: Socket, finish: (amount: number) => void) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    begin(socket, (amount) => {
      socket.destroy()
      resolve(amount)
    })
  })
}

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
process.on('message', (request: LoadRequest) => run(request).catch((error: Error) => report(error.message)))
