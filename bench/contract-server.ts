// A server of the benchmark's contract (README.md): echo on 7, discard on 9, chargen on 19, behind a TAP that exists already.
import { parseArgs } from 'node:util'
import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'
import { serveContract } from './contract-core.ts'

const HELP = `node --import tsx bench/contract-server.ts --tap NAME --address CIDR [--offload on|off] [--api net|core]

  --tap NAME       the TAP to attach to; the kernel's side of it is left as it is
  --address CIDR   the stack's own address, e.g. 10.77.0.2/24
  --offload        on (default): 64 KiB super-frames, and checksums left to the kernel; off: 1,500-byte frames
  --api            net (default): createNet(stack), as users have it; core: the stack's own connections, without streams
  --help`

const { values } = parseArgs({
  options: {
    tap: { type: 'string' },
    address: { type: 'string' },
    offload: { type: 'string', default: 'on' },
    api: { type: 'string', default: 'net' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { tap, address, offload, api } = values
const right = /^(on|off)$/.test(offload) && /^(net|core)$/.test(api)
if (values.help || tap === undefined || address === undefined || !right) {
  console.log(HELP)
  process.exit(values.help ? 0 : 2)
}

process.once('SIGTERM', () => process.exit())
const stack = new Stack()
stack.addInterface(await openTap({ name: tap, offload: offload === 'on' }), { addresses: [address] })
if (api === 'core') serveContract(stack)
else serveWithNet()

function serveWithNet(): void {
  const net = createNet(stack)
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
