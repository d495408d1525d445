import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'

const net = createNet(new Stack()) // before: import net from 'node:net'

// What follows is a program as it was.
const server = net.createServer((socket) => socket.pipe(socket)).listen(7)
const socket = net.connect(7, '127.0.0.1')
socket.end('frames in, sockets out\n')
socket.pipe(process.stdout) // prints: frames in, sockets out
socket.on('close', () => server.close())
