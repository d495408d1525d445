import { createNet } from '@tapwire/net-api'
import { createCable, impair, Stack } from '@tapwire/stack'

const [left, right] = createCable()
const [a, b] = [new Stack(), new Stack()]
a.addInterface(impair(left, { loss: 0.05, latency: 10, seed: 1 }), { addresses: ['10.0.0.1/24'] })
b.addInterface(right, { addresses: ['10.0.0.2/24'] })

const server = createNet(b)
  .createServer((socket) => socket.end('over the wire\n'))
  .listen(7)
const socket = createNet(a).connect(7, '10.0.0.2')
socket.pipe(process.stdout) // prints: over the wire
socket.on('close', () => server.close())
