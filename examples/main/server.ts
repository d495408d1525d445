import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { payloadStream } from './payload.ts'
import { ECHO_PORT, HTTP_PORT } from './tasks.ts'

/** What the servers need of `node:net` and `node:http`, from whichever stack. */
export interface ServerModules {
  readonly createServer: (
    options: { allowHalfOpen: boolean },
    onSocket: (socket: Socket) => void,
  ) => NetServer
  readonly createHttpServer: (onRequest: RequestListener) => HttpServer
}

export const PAGE = `<!doctype html>
<title>tapwire</title>
<h1>Frames in, sockets out</h1>
<p>This page came from an HTTP server on a TCP/IP stack that runs inside a Node.js process.</p>
`

const ACCEPT_QUEUE = 4096

/** Starts the HTTP and the echo server on every address of the stack. */
export async function startServers(modules: ServerModules): Promise<{ close(): void }> {
  const http = modules.createHttpServer(answer)
  const echo = modules.createServer({ allowHalfOpen: true }, (socket) => {
    // A client that goes away is no failure of the server.
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  http.listen({ port: HTTP_PORT, backlog: ACCEPT_QUEUE })
  echo.listen({ port: ECHO_PORT, backlog: ACCEPT_QUEUE })
  await Promise.all([once(http, 'listening'), once(echo, 'listening')])
  return {
    close() {
      http.close()
      http.closeAllConnections()
      echo.close()
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  route(request, response).catch((error: Error) => response.destroy(error))
}

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://tapwire')
  if (request.method === 'GET' && url.pathname === '/') {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE)
  } else if (request.method === 'GET' && url.pathname === '/download') {
    const bytes = Number(url.searchParams.get('bytes'))
    response.setHeader('content-length', bytes)
    await pipeline(payloadStream(bytes), response)
  } else if (request.method === 'PUT' && url.pathname === '/upload') {
    await takeUpload(request, response)
  } else {
    response.writeHead(404).end('not found\n')
  }
}

async function takeUpload(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') }))
}
