import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createDgram, createHttp, createNet } from '@tapwire/net-api'
import type { Stack } from '@tapwire/stack'

/** The small servers of RFC 862, 863 and 864, and a page: port, name, and what a TCP connection gets. */
const SERVICES: readonly (readonly [port: number, name: string, serve: (socket: Socket) => void])[] = [
  [7, 'echo', (socket) => socket.pipe(socket)],
  [9, 'discard', (socket) => socket.resume().on('end', () => socket.end())],
  [19, 'chargen', generate],
]

const PAGE = `<!doctype html>
<title>tapwire</title>
<h1>Frames in, sockets out</h1>
<p>This page came from an HTTP server on a TCP/IP stack that runs inside a Node.js process.</p>
`

/** For people who wonder what there is to talk to. */
export const SERVICES_TEXT = 'echo (7, TCP and UDP), discard (9), chargen (19), http (80)'

/** Starts them on every address of the stack; they end with it. */
export async function startServices(stack: Stack): Promise<void> {
  const net = createNet(stack)
  const servers = SERVICES.map(([port, , serve]) => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      // A client that goes away is no failure of the server.
      socket.on('error', () => socket.destroy())
      serve(socket)
    })
    return server.listen(port)
  })
  const http = createHttp(net).createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE)
  })
  const dgram = createDgram(stack)
  const echo = dgram.createSocket({ type: 'udp6', ipv6Only: false })
  echo.on('message', (message, { port, address }) => echo.send(message, port, address))
  echo.on('error', () => {})
  echo.bind(7)
  await Promise.all([...servers, http.listen(80), echo].map((server) => once(server, 'listening')))
}

const CHARACTERS = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('')

/** Lines of 72 characters, each beginning one later (RFC 864), as fast as the other side reads. */
function generate(socket: Socket): void {
  let line = 0
  const more = (): void => {
    let room = true
    while (room && !socket.destroyed && !socket.writableEnded) {
      let block = ''
      for (let i = 0; i < 95; i++, line++)
        block += `${(CHARACTERS + CHARACTERS).slice(line % 95, (line % 95) + 72)}\r\n`
      room = socket.write(block)
    }
  }
  socket.on('drain', more)
  socket.resume().on('end', () => socket.end())
  more()
}
