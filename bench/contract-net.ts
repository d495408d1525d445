import { createNet, warmUp } from '@tapwire/net-api'
import type { Stack } from '@tapwire/stack'

/** The benchmark's contract on the public API alone, so that what is measured is what users get. */
export async function serveContract(stack: Stack, warm = false): Promise<void> {
  const net = createNet(stack)
  if (warm) await warmUp(net)
  const options = { allowHalfOpen: true, noDelay: true }
  const chunk = Buffer.alloc(65_536, 'x')
  const echo = net.createServer(options, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => socket.write(data))
    socket.on('end', () => socket.end())
  })
  const discard = net.createServer(options, (socket) => {
    let bytes = 0
    socket.on('error', () => {})
    socket.on('data', (data) => {
      bytes += data.length
    })
    socket.on('end', () => socket.end(String(bytes)))
  })
  const chargen = net.createServer(options, (socket) => {
    let line = ''
    let left = 0
    const pump = (): void => {
      while (left > 0) {
        const part = left >= chunk.length ? chunk : chunk.subarray(0, left)
        left -= part.length
        if (!socket.write(part)) return
      }
      socket.end()
    }
    socket.on('error', () => {})
    socket.on('drain', pump)
    socket.on('data', (data) => {
      if (line.endsWith('\n')) return
      line += data
      if (!line.endsWith('\n')) return
      left = Number.parseInt(line, 10)
      pump()
    })
  })
  for (const [port, server] of [
    [7, echo],
    [9, discard],
    [19, chargen],
  ] as const)
    server.listen({ port, backlog: 4096 })
}
