import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { createHttp } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRange } from '../src/http/range.ts'
import { folderHandler } from '../src/http/serve-folder.ts'
import { folder, start } from './support.ts'

const root = join(folder, 'public')
const stack = new Stack()
const client = new Stack()
const http = createHttp(client)

beforeAll(async () => {
  mkdirSync(join(root, 'sub', 'deeper'), { recursive: true })
  mkdirSync(join(root, 'site'))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(root, 'a.txt'), '0123456789')
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(root, '.hidden'), 'hidden')
  writeFileSync(join(root, 'a <b> & "c".md'), '# odd')
  writeFileSync(join(root, 'ä%20b.json'), '{}')
  writeFileSync(join(root, 'site', 'index.html'), '<p>index')
  symlinkSync('../secret.txt', join(root, 'leads-out'))
  symlinkSync('a.txt', join(root, 'leads-in'))
  symlinkSync('..', join(root, 'sub', 'up'))
  utimesSync(join(root, 'a.txt'), 1e9, 1e9)
  const [left, right] = createCable()
  stack.addInterface(left, { addresses: ['10.0.0.1/24'] })
  client.addInterface(right, { addresses: ['10.0.0.2/24'] })
  const server = createHttp(stack)
  await once(server.createServer(folderHandler(root, { list: true })).listen(80), 'listening')
  await once(server.createServer(folderHandler(root, { list: false })).listen(81), 'listening')
})

afterAll(() => Promise.all([stack.close(), client.close()]))

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** The path goes out as it is: no URL class tidies it up. */
async function ask(
  path: string,
  headers: OutgoingHttpHeaders = {},
  method = 'GET',
  port = 80,
): Promise<Answer> {
  const request: ClientRequest = http.request({ host: '10.0.0.1', port, path, headers, method, agent: false })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const piece of response.setEncoding('utf8')) body += piece
  return { status: response.statusCode as number, headers: response.headers, body }
}

describe('a served folder', () => {
  it('gives files with type, length and validators', async () => {
    const { status, headers, body } = await ask('/a.txt?query')
    expect([status, body]).toEqual([200, '0123456789'])
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '10',
      'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    })
    expect((await ask('/%C3%A4%2520b.json')).headers['content-type']).toBe('application/json')
    expect((await ask('/empty')).headers['content-length']).toBe('0')
    expect((await ask('/empty')).headers['content-type']).toBe('application/octet-stream')
  })

  it('HEAD tells the same without a body', async () => {
    const { status, headers, body } = await ask('/a.txt', {}, 'HEAD')
    expect([status, headers['content-length'], body]).toEqual([200, '10', ''])
  })

  it('gives index.html for a folder, else a list of what is not hidden', async () => {
    expect((await ask('/site/')).body).toBe('<p>index')
    const { body, headers } = await ask('/')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body).toContain(
      '<li><a href="a%20%3Cb%3E%20%26%20%22c%22.md">a &#60;b&#62; &#38; &#34;c&#34;.md</a>',
    )
    expect(body).toContain('<li><a href="sub/">sub/</a>')
    expect(body).not.toContain('hidden')
    expect((await ask('/sub/')).body).toContain('<a href="../">')
    expect((await ask('/', {}, 'GET', 81)).status).toBe(404)
  })

  it('leads from a folder without slash to the one with it', async () => {
    expect(await ask('/sub?x')).toMatchObject({ status: 301, headers: { location: '/sub/?x' } })
    expect((await ask('//evil.example/..')).status).toBe(400)
  })

  it.for([
    '/../secret.txt',
    '/sub/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/sub/%2E%2E%5C..%5Csecret.txt',
    '/leads-out',
    '/sub/up/../secret.txt',
    '/.hidden',
    '/a.txt%00.html',
    '/a.txt/',
    '/nowhere',
    `/${'x'.repeat(300)}`,
  ])('%s is not found', async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404, body: 'not found\n' })
  })

  it('follows links that stay inside', async () => {
    expect((await ask('/leads-in')).body).toBe('0123456789')
    expect((await ask('/sub/up/a.txt')).body).toBe('0123456789')
  })

  it('refuses what it does not do', async () => {
    expect(await ask('/a.txt', {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect((await ask('/%zz')).status).toBe(400)
  })

  it('gives parts', async () => {
    expect(await ask('/a.txt', { range: 'bytes=2-4' })).toMatchObject({
      status: 206,
      body: '234',
      headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' },
    })
    expect(await ask('/a.txt', { range: 'bytes=-3' })).toMatchObject({ status: 206, body: '789' })
    expect(await ask('/a.txt', { range: 'bytes=10-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
    })
    expect(await ask('/a.txt', { range: 'bytes=0-1,4-5' })).toMatchObject({ status: 200, body: '0123456789' })
    expect((await ask('/a.txt', { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200)
  })

  it('says when nothing has changed', async () => {
    const { headers } = await ask('/a.txt')
    expect(await ask('/a.txt', { 'if-none-match': headers.etag as string })).toMatchObject({
      status: 304,
      body: '',
    })
    expect(
      (
        await ask('/a.txt', {
          'if-none-match': '"x"',
          'if-modified-since': headers['last-modified'] as string,
        })
      ).status,
    ).toBe(200)
    expect((await ask('/a.txt', { 'if-modified-since': headers['last-modified'] as string })).status).toBe(
      304,
    )
  })
})

it.for([
  ['bytes=0-', 10, { start: 0, end: 9 }],
  ['bytes=3-100', 10, { start: 3, end: 9 }],
  ['bytes=-100', 10, { start: 0, end: 9 }],
  ['bytes=-0', 10, 'beyond'],
  ['bytes=0-0', 0, 'beyond'],
  ['bytes=5-4', 10, null],
  ['bytes=-', 10, null],
  ['lines=1-2', 10, null],
  ['', 10, null],
] as const)('range %j of %i bytes', ([header, size, range]) => {
  expect(readRange(header, size)).toEqual(range)
})

it('tapwire http serves through a door of the network in memory, and ends with Ctrl-C', async () => {
  const server = start(['http', root, '--virtual', '-p', '8080'])
  const [, url] = await server.said(/curl (http:\/\/127\.0\.0\.1:\d+\/)/)
  expect(await (await fetch(`${url}a.txt`)).text()).toBe('0123456789')
  await server.said(/GET "\/a\.txt" 200/)
  server.interrupt(15)
  expect((await server.ended).status).toBe(143)
  await expect(fetch(url)).rejects.toThrow()
  rmSync(join(root, 'empty'))
})
