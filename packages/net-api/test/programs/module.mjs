// The same as an ES module, in all forms of import.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as net from 'node:net'
// biome-ignore lint/style/useNodejsImportProtocol: programs write it both ways
import https, { createServer } from 'https'
// biome-ignore lint/style/useNodejsImportProtocol: programs write it both ways
import tls from 'tls'

const [key, cert] = readFileSync(process.argv[2], 'utf8').split('====')
const server = createServer({ key, cert }, (_, response) => response.end('sealed')).listen(0)
await once(server, 'listening')
const { port } = server.address()
const options = { host: '127.0.0.1', port, ca: cert, servername: 'tapwire.test' }
const socket = tls.connect(options)
await once(socket, 'secureConnect')
console.log('authorized', socket.authorized, socket.remotePort === port)
socket.destroy()
const [response] = await once(https.get({ ...options, agent: false }), 'response')
for await (const piece of response) console.log('body', String(piece))
// biome-ignore lint/style/useNodejsImportProtocol: programs write it both ways
const { default: lazily } = await import('net')
console.log('same', lazily.createServer === net.createServer, net.Socket === lazily.Socket)
console.log('kernel', process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length)
server.close()
