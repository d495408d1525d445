// A program that does not know of tapwire: servers and clients of all kinds, by packages that do not know of it either. Its
// argument names a file with a key and a certificate.
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
// biome-ignore lint/style/useNodejsImportProtocol: programs write it both ways
const net = require('net')
const https = require('node:https')
const http2 = require('node:http2')
const fastify = require('fastify')
const { request } = require('undici')
const { WebSocket, WebSocketServer } = require('ws')

const [key, cert] = readFileSync(process.argv[2], 'utf8').split('====')

async function textOf(stream) {
  let text = ''
  for await (const piece of stream.setEncoding('utf8')) text += piece
  return text
}

async function main() {
  const echo = net.createServer((socket) => socket.pipe(socket)).listen(0)
  const client = net.connect(echo.address().port, 'localhost')
  client.end('net')
  console.log(await textOf(client))

  const app = fastify()
  app.get('/:name', ({ params }) => params.name)
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  console.log(await (await request(`${origin}/undici`)).body.text())
  console.log(await (await fetch(`${origin}/fetch`)).text())

  const secure = https.createServer({ key, cert }, (_, response) => response.end('https')).listen(0)
  await once(secure, 'listening')
  const { port } = secure.address()
  const [response] = await once(https.get({ host: '127.0.0.1', port, ca: cert }), 'response')
  console.log(await textOf(response))

  const second = http2.createSecureServer({ key, cert }, (_, answer) => answer.end('http2')).listen(0)
  await once(second, 'listening')
  const session = http2.connect(`https://localhost:${second.address().port}`, { ca: cert })
  console.log(await textOf(session.request().end()))

  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${data}`)))
  await once(sockets, 'listening')
  const socket = new WebSocket(`ws://127.0.0.1:${sockets.address().port}`)
  await once(socket, 'open')
  socket.send('ws')
  console.log(String((await once(socket, 'message'))[0]))

  process.emit('tapwire-count')
  process.exit()
}

main()
