import type * as net from 'node:net'
import type { Socket } from 'node:net'
import { PORTS } from './tasks.ts'

const CHUNK = Buffer.alloc(65_536, 'x')
const BACKLOG = 4096

/** Bytes of bulk transfers that have come in. */
let received = 0

export const receivedSoFar = (): number => received

/** Echo, discard and chargen: the same program whatever `net` is, the kernel's or a stack's. */
export function serve({ createServer }: Pick<typeof net, 'createServer'>): Promise<unknown> {
  const options = { allowHalfOpen: true, noDelay: true }
  const listen = (port: number, onSocket: (socket: Socket) => void): Promise<void> => {
    const server = createServer(options, (socket) => {
      socket.on('error', () => {})
      onSocket(socket)
    })
    return new Promise((resolve, reject) => {
      server.on('error', reject).listen({ port, backlog: BACKLOG }, resolve)
    })
  }
  return Promise.all([
    listen(PORTS.echo, echo),
    listen(PORTS.discard, discard),
    listen(PORTS.chargen, chargen),
  ])
}

function echo(socket: Socket): void {
  socket.on('data', (data) => socket.write(data))
  socket.on('end', () => socket.end())
}

function discard(socket: Socket): void {
  socket.on('data', (data) => {
    received += data.length
  })
  socket.on('end', () => socket.end())
}

/** Sends until the other side has had enough. */
function chargen(socket: Socket): void {
  const pump = (): void => {
    while (!socket.destroyed && socket.write(CHUNK));
  }
  // In the next round: the kernel may take bytes for as long as there are any, and nobody else would have a turn.
  socket.on('drain', () => setImmediate(pump))
  socket.resume()
  pump()
}
