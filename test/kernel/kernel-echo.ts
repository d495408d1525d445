// An echo server on the kernel's side; says its port to whoever started it, and ends with it.
import { type AddressInfo, createServer } from 'node:net'

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})
server.listen(0, '::', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
