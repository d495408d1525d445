import { createDgram } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'

const dgram = createDgram(new Stack()) // what node:dgram exports

const server = dgram.createSocket('udp4').bind(7)
server.on('message', (message, { port, address }) => server.send(`${message}, and back`, port, address))

const client = dgram.createSocket('udp4')
client.send('there', 7, '127.0.0.1')
client.on('message', (message) => {
  console.log(`${message}`) // prints: there, and back
  client.close()
  server.close()
})
