import { readFileSync } from 'node:fs'
import { createTls } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'

const [left, right] = createCable()
const far = new Stack()
far.addInterface(right, { addresses: ['10.0.0.2/24'] })
const near = new Stack({ names: { hosts: { localhost: '10.0.0.2' } } }) // the name on the certificate
near.addInterface(left, { addresses: ['10.0.0.1/24'] })

const [key, cert] = [readFileSync('key.pem'), readFileSync('cert.pem')]
const server = createTls(far)
  .createServer({ key, cert, ALPNProtocols: ['echo'] }, (socket) => socket.pipe(socket))
  .listen(7)

const tls = createTls(near) // what node:tls exports
const socket = tls.connect({ host: 'localhost', port: 7, ca: cert, ALPNProtocols: ['echo'] }, () => {
  console.log(socket.authorized, socket.getProtocol(), socket.alpnProtocol) // prints: true TLSv1.3 echo
  socket.end('sealed\n')
})
socket.pipe(process.stdout, { end: false }) // prints: sealed
socket.on('close', () => server.close())
