import { createNet } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'

// Two hosts, and a cable between them: all in this process.
const [left, right] = createCable()
const [alice, bob] = [new Stack(), new Stack()]
alice.addInterface(left, { addresses: ['10.0.0.1/24'] })
bob.addInterface(right, { addresses: ['10.0.0.2/24'] })

// What follows is Node's `net`, as anybody knows it.
const server = createNet(bob).createServer((socket) => {
  socket.end(`hello, ${socket.remoteAddress}\n`)
})
server.listen(7, '10.0.0.2')

const socket = createNet(alice).connect(7, '10.0.0.2')
socket.pipe(process.stdout) // prints: hello, 10.0.0.1
socket.on('close', () => server.close())
