import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createHttp } from '@tapwire/net-api'
import type { Stack } from '@tapwire/stack'

export const PAGE = '<!doctype html><title>tapwire</title><h1>Frames in, sockets out</h1>\n'

/** A page, a download of `bytes`, and an upload that is answered with its SHA-256. @returns ends it */
export async function startDemoServer(stack: Stack): Promise<() => void> {
  const server = createHttp(stack).createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen({ port: 80, backlog: 4096 })
  await once(server, 'listening')
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://tapwire')
  if (request.method === 'PUT') {
    const hash = createHash('sha256')
    await pipeline(request, hash)
    response.end(hash.digest('hex'))
  } else if (pathname === '/download') {
    const bytes = Math.min(Number(searchParams.get('bytes')) || 0, 2 ** 32)
    response.setHeader('content-length', bytes)
    await pipeline(Readable.from(payload(bytes)), response)
  } else response.setHeader('content-type', 'text/html; charset=utf-8').end(PAGE)
}

const BLOCK = 1 << 18

/** Bytes that everybody can make, and that are not alike from block to block. */
export function* payload(bytes: number): Generator<Buffer> {
  for (let at = 0, number = 0; at < bytes; at += BLOCK, number++) {
    const block = Buffer.alloc(Math.min(BLOCK, bytes - at), `${number} bytes over the wire, `)
    yield block
  }
}
