import { createDgram, createDns } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'

const [left, right] = createCable()
const far = new Stack()
far.addInterface(right, { addresses: ['10.0.0.53/24'] })
const near = new Stack({ names: { nameServers: ['10.0.0.53'], hosts: { db: '10.0.0.7' } } })
near.addInterface(left, { addresses: ['10.0.0.1/24'] })

// A name server with one answer: the question again, and an A record (RFC 1035) that says 10.0.0.80 for a minute.
const server = createDgram(far).createSocket('udp4').bind(53)
server.on('message', (query, { port, address }) => {
  const id = query.subarray(0, 2)
  const question = query.subarray(12, query.indexOf(0, 12) + 5)
  const header = Buffer.from('81800001000100000000', 'hex')
  const record = Buffer.from('c00c000100010000003c00040a000050', 'hex')
  server.send(Buffer.concat([id, header, question, record]), port, address)
})

const dns = createDns(near) // what node:dns exports
console.log(await dns.promises.resolve4('www.example')) // prints: [ '10.0.0.80' ]
console.log(await dns.promises.lookup('db')) // prints: { address: '10.0.0.7', family: 4 }
server.close()
