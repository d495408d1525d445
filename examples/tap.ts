import { createHttp, createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'

const tap = await openTap({ name: 'tap0', hostAddresses: ['10.77.0.1/24', 'fd77::1/64'] })
const stack = new Stack()
stack.addInterface(tap, { addresses: ['10.77.0.2/24', 'fd77::2/64'], gateway: '10.77.0.1' })

const net = createNet(stack) // what node:net exports
net.createServer((socket) => socket.pipe(socket)).listen(7)
createHttp(stack)
  .createServer((_, response) => response.end('hello\n'))
  .listen(80)
