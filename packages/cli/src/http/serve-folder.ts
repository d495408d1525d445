import { createReadStream, type Dirent, type Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { contentTypeOf } from './content-types.ts'
import { readRange } from './range.ts'

/** An answer that is no file, with its status. */
class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text)
    this.status = status
    this.headers = headers
  }
}

/**
 * Serves what is in a folder, and nothing else: names that begin with a dot are hidden, and links that lead out of it are not followed.
 * @param list whether folders without index.html are shown as a list of their files
 */
export function folderHandler(root: string, { list }: { readonly list: boolean }): RequestListener {
  return (request, response) => {
    serve(root, list, request, response).catch((error: unknown) => refuse(request, response, error))
  }
}

async function serve(
  root: string,
  list: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new Refusal(405, 'only GET and HEAD', { allow: 'GET, HEAD' })
  const [target, query] = splitTarget(request.url ?? '/')
  const path = await inside(root, namesOf(target))
  const about = await stat(path)
  if (!about.isDirectory()) {
    if (!about.isFile() || target.endsWith('/')) throw new Refusal(404, 'not found')
    return sendFile(path, about, request, response)
  }
  if (!target.endsWith('/')) throw new Refusal(301, 'a folder', { location: `${target}/${query}` })
  const index = join(path, 'index.html')
  const found = await stat(index).catch(() => null)
  if (found?.isFile())
    return sendFile(await inside(root, [...namesOf(target), 'index.html']), found, request, response)
  if (!list) throw new Refusal(404, 'not found')
  sendText(request, response, 200, await listing(path, target), 'text/html; charset=utf-8')
}

function splitTarget(url: string): [path: string, query: string] {
  const at = url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  // `//host/` in a Location would lead elsewhere.
  if (!path.startsWith('/') || path.startsWith('//')) throw new Refusal(400, 'no such target')
  return [path, at < 0 ? '' : url.slice(at)]
}

/** The names on the way to a file. @throws Refusal for anything that is more than a name */
function namesOf(target: string): string[] {
  let text: string
  try {
    text = decodeURIComponent(target)
  } catch {
    throw new Refusal(400, 'this target has a wrong %')
  }
  const names = text.split('/').filter((name) => name !== '')
  if (
    names.some(
      (name) => name.startsWith('.') || name.includes('\0') || name.includes('\\') || name.includes(sep),
    )
  )
    throw new Refusal(404, 'not found')
  return names
}

/** @throws Refusal for what is not there, or is a link to outside */
async function inside(root: string, names: readonly string[]): Promise<string> {
  const top = await realpath(root)
  const path = await realpath(join(top, ...names)).catch(() => null)
  if (path === null || (path !== top && !path.startsWith(top.endsWith(sep) ? top : top + sep)))
    throw new Refusal(404, 'not found')
  return path
}

async function sendFile(
  path: string,
  about: Stats,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const tag = `"${about.size.toString(36)}-${Math.floor(about.mtimeMs).toString(36)}"`
  const changed = new Date(Math.floor(about.mtimeMs / 1000) * 1000)
  response.setHeader('etag', tag)
  response.setHeader('last-modified', changed.toUTCString())
  response.setHeader('accept-ranges', 'bytes')
  response.setHeader('x-content-type-options', 'nosniff')
  if (isKnown(request, tag, changed)) {
    response.writeHead(304).end()
    return
  }
  const range = mayBePart(request, tag) ? readRange(request.headers.range ?? '', about.size) : null
  if (range === 'beyond')
    throw new Refusal(416, 'beyond the end', { 'content-range': `bytes */${about.size}` })
  const { start, end } = range ?? { start: 0, end: about.size - 1 }
  if (range !== null) response.setHeader('content-range', `bytes ${start}-${end}/${about.size}`)
  response.writeHead(range === null ? 200 : 206, {
    'content-type': contentTypeOf(path),
    'content-length': end - start + 1,
  })
  if (request.method === 'HEAD' || about.size === 0) response.end()
  else await pipeline(createReadStream(path, { start, end }), response)
}

/** RFC 9110 section 13.1: If-None-Match goes before If-Modified-Since. */
function isKnown({ headers }: IncomingMessage, tag: string, changed: Date): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined)
    return tags.split(',').some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*')
  const since = headers['if-modified-since']
  return since !== undefined && changed.getTime() <= Date.parse(since)
}

/** RFC 9110 section 13.1.5: a part is only of use to somebody who has the rest of the same file. */
function mayBePart({ headers, method }: IncomingMessage, tag: string): boolean {
  return (
    method === 'GET' &&
    headers.range !== undefined &&
    (headers['if-range'] === undefined || headers['if-range'] === tag)
  )
}

async function listing(folder: string, target: string): Promise<string> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'))
  const rows = entries
    .map((entry: Dirent) => entry.name + (entry.isDirectory() ? '/' : ''))
    .sort()
    .map((name) => `<li><a href="${encodeURIComponent(name).replace('%2F', '/')}">${escapeHtml(name)}</a>`)
  const title = escapeHtml(`Files in ${decodeURIComponent(target)}`)
  const up = target === '/' ? '' : '<li><a href="../">../</a>\n'
  return `<!doctype html>\n<meta charset="utf-8">\n<title>${title}</title>\n<h1>${title}</h1>\n<ul>\n${up}${rows.join('\n')}\n</ul>\n`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  type: string,
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? '' : text)
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { status, message, headers } = error instanceof Refusal ? error : new Refusal(...statusOf(error))
  for (const name of ['etag', 'last-modified', 'accept-ranges']) response.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  sendText(request, response, status, `${message}\n`, 'text/plain; charset=utf-8')
}

function statusOf(error: unknown): [status: number, text: string] {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return [403, 'this may not be read']
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
    ? [404, 'not found']
    : [500, 'this could not be read']
}
