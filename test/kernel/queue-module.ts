// Runs on the stack of each queue, in its thread. What it is to do comes as data.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createDgram, type TapwireNet } from '@tapwire/net-api'
import type { QueueContext } from '@tapwire/net-api/workers'
import type { Stack } from '@tapwire/stack'

export interface QueueTask {
  /** Queues that serve echo on TCP port 7 and UDP port 7. Default all. */
  readonly echo?: readonly number[]
  /** Each connects so often to port 9007 of the kernel's side, and echoes what comes. */
  readonly connect?: { readonly host: string; readonly times: number }
  /** This one throws when it starts. */
  readonly throws?: number
  /** This one throws when it is asked to, by a client of port 13. */
  readonly crashes?: number
  /** These never come back from what a client of port 13 has asked for. */
  readonly hangs?: boolean
}

export default async function (
  net: TapwireNet,
  stack: Stack,
  index: number,
  { data }: QueueContext,
): Promise<() => void> {
  const task = data as QueueTask
  if (task.throws === index) throw new Error('the module does not want to')
  const listening = net.createServer((socket) => echo(socket))
  if (task.echo === undefined || task.echo.includes(index)) {
    listening.listen({ port: 7, backlog: 4096 })
    await once(listening, 'listening')
    const udp = createDgram(stack).createSocket('udp4')
    udp.on('message', (message, from) => udp.send(message, from.port, from.address))
    udp.bind(7)
    await once(udp, 'listening')
  }
  net.createServer((socket) => socket.end(String(index))).listen(17)
  if (task.crashes !== undefined) {
    net
      .createServer((socket) => {
        socket.end()
        // Any queue may be asked to crash; all but one refuse.
        if (task.crashes === index) setImmediate(() => crash())
      })
      .listen(13)
  }
  if (task.hangs) {
    net
      .createServer((socket) => {
        // When the client has all of it.
        socket.on('close', () => setImmediate(() => hang()))
        socket.resume().end()
      })
      .listen(13)
  }
  if (task.connect !== undefined) {
    const { host, times } = task.connect
    for (let i = 0; i < times; i++) echo(net.connect({ host, port: 9007 }))
  }
  return () => listening.close()
}

function echo(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
}

function hang(): never {
  for (;;);
}

function crash(): never {
  throw new Error('crashed as it was asked to')
}
