import { once } from 'node:events'
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

/** Serves the files of a folder on 127.0.0.1, to read what was built. @throws when the port is taken */
export async function serve(
  folder: string,
  port: number,
): Promise<{ readonly address: string; close(): void }> {
  const server = createServer((request, response) => {
    const file = fileOf(folder, request.url ?? '/')
    if (file === null) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.\n')
      return
    }
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { address, close }
}

/** The file that an address means, or null: nothing outside of the folder is ever one. */
function fileOf(folder: string, url: string): string | null {
  try {
    const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname))
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
    return statSync(file).isFile() ? file : null
  } catch {
    return null
  }
}
