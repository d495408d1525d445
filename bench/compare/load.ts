import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Answers, type LoadOrder, PORTS } from './tasks.ts'

type LoadAnswer = Answers['load']

const CHUNK = Buffer.alloc(65_536, 'y')
const BYTE = Buffer.from('.')

/** Does what is asked, with the kernel's TCP, and counts. */
export function load(order: LoadOrder): Promise<LoadAnswer> {
  switch (order.figure) {
    case 'rx':
      return upload(order)
    case 'tx':
      return download(order)
    case 'echo':
      return echo(order)
    case 'memory':
      return hold(order)
    default:
      return openAndClose(order)
  }
}

async function open(address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

/** In batches: thousands of SYNs at once are another measurement. */
async function openMany(count: number, address: string, port: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Math.min(100, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(address, port)))))
  }
  return sockets
}

/** Of the transfer that is under way. */
let transferring: Socket[] = []

/** Ends it. */
export async function stop(): Promise<void> {
  await Promise.all(transferring.map(drop))
  transferring = []
}

/** Begins: the server counts what comes in. */
async function upload({ address, connections }: LoadOrder): Promise<LoadAnswer> {
  const sockets = await openMany(connections, address, PORTS.discard)
  for (const socket of sockets) {
    const fill = (): void => {
      while (!socket.destroyed && socket.write(CHUNK));
    }
    // In the next round: the kernel may take bytes for as long as there are any, and nobody else would have a turn.
    socket.on('drain', () => setImmediate(fill))
    fill()
  }
  transferring = sockets
  return null
}

/** Bytes of bulk transfers that have come in. */
let received = 0

export const receivedSoFar = (): number => received

/** Begins: what comes in is counted here. */
async function download({ address, connections }: LoadOrder): Promise<LoadAnswer> {
  const sockets = await openMany(connections, address, PORTS.chargen)
  for (const socket of sockets) {
    socket.on('data', (data) => {
      received += data.length
    })
  }
  transferring = sockets
  return null
}

async function drop(socket: Socket): Promise<void> {
  const closed = once(socket, 'close')
  socket.on('error', () => {}).resetAndDestroy()
  await closed
}

/** One byte there and back, on each connection. */
async function echo({ address, connections, seconds }: LoadOrder): Promise<LoadAnswer> {
  const sockets = await openMany(connections, address, PORTS.echo)
  let amount = 0
  const from = performance.now()
  const until = from + seconds * 1000
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          socket.on('error', reject)
          socket.on('data', () => {
            amount++
            if (performance.now() < until) socket.write(BYTE)
            else resolve()
          })
          socket.write(BYTE)
        }),
    ),
  )
  const value = amount / ((performance.now() - from) / 1000)
  await Promise.all(sockets.map(drop))
  return { value, amount }
}

/** Connect, a byte each way, half-close, wait for the end; so many at a time. */
async function openAndClose({ address, connections, seconds }: LoadOrder): Promise<LoadAnswer> {
  let amount = 0
  const from = performance.now()
  const until = from + seconds * 1000
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: address, port: PORTS.echo, noDelay: true })
      socket.on('error', reject)
      socket.on('data', () => socket.end())
      socket.on('close', () => resolve())
      socket.write(BYTE)
    })
  const row = async (): Promise<void> => {
    while (performance.now() < until) {
      await one()
      amount++
    }
  }
  await Promise.all(Array.from({ length: connections }, row))
  return { value: amount / ((performance.now() - from) / 1000), amount }
}

/** Connections that are held, each used once, until they are let go. */
let held: Socket[] = []

async function hold({ address, connections }: LoadOrder): Promise<LoadAnswer> {
  await Promise.all(held.map(drop))
  held = []
  if (connections > 0) {
    held = await openMany(connections, address, PORTS.echo)
    for (const socket of held) {
      socket.write(BYTE)
      await once(socket, 'data')
    }
  }
  return { value: connections, amount: connections }
}
