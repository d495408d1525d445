import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, truncateSync } from 'node:fs'
import { createHttp2, createHttps } from '@tapwire/net-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { payloadHash } from '../../examples/main/payload.ts'
import { KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { cert, key } from '../../packages/net-api/test/support/certificate.ts'
import { itemText, PORTS, SIZE, startWeb, type Web } from '../clients/web/app.ts'
import { Folder } from '../support/folder.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'

const V4 = `http://${STACK_SIDE.v4}`
const HOSTS = [STACK_SIDE.v4, `[${STACK_SIDE.v6}]`]
const large = { bytes: SIZE, sha256: payloadHash(SIZE) }
const curlHasHttp2 = / HTTP2 /.test(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '')

let side: KernelSide
let web: Web
let folder: Folder

async function open(): Promise<void> {
  folder = new Folder()
  folder.writeCertificate()
  await folder.writePayload('large', SIZE)
  side = await KernelSide.open()
  const modules = { http: side.http, https: createHttps(side.net), http2: createHttp2(side.net) }
  web = await startWeb(modules, { key, cert })
}

async function close(): Promise<void> {
  web?.close()
  await side?.close()
  folder?.remove()
}

/** Runs a program in the folder. @returns what it printed */
async function run(program: string, ...args: string[]): Promise<string> {
  return (await side.mustRun(program, args, { cwd: folder.path })).stdout
}

kernelSuite('curl and servers of the stack', kernelObstacle(['curl']), () => {
  allowNoKernelTcp()
  beforeAll(open)
  afterAll(close)

  const curl = (...args: string[]): Promise<string> => run('curl', '-sS', '--fail', ...args)

  it.each(HOSTS)('downloads 16 MiB from %s', async (host) => {
    await curl('-g', '-o', 'got', `http://${host}/file`)
    expect(folder.sha256('got')).toBe(large.sha256)
  })

  it('asks for ranges, and goes on where it was interrupted', async () => {
    expect(await curl('-r', '4000000-8999999', '-o', 'range', '-w', '%{http_code}', `${V4}/file`)).toBe('206')
    const file = readFileSync(folder.file('large'))
    expect(readFileSync(folder.file('range')).equals(file.subarray(4_000_000, 9_000_000))).toBe(true)
    await curl('-o', 'part', `${V4}/file`)
    truncateSync(folder.file('part'), 5_000_001)
    await curl('-C', '-', '-o', 'part', `${V4}/file`)
    expect(folder.sha256('part')).toBe(large.sha256)
  })

  it('uses one connection for one request after the other', async () => {
    const requests = Array.from({ length: 5 }, () => ['-o', 'got', `${V4}/file`]).flat()
    expect(await curl('-w', '%{num_connects} ', ...requests)).toBe('1 0 0 0 0 ')
    expect(folder.sha256('got')).toBe(large.sha256)
  })

  it.each([
    ['with a length, after 100 Continue', ['-H', 'Expect: 100-continue']],
    ['in chunks', ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:']],
  ])('uploads 16 MiB %s', async (_, headers) => {
    expect(JSON.parse(await curl('-T', 'large', ...headers, `${V4}/hash`))).toEqual(large)
  })

  it('has a body come back while it is still sent', async () => {
    await curl('--data-binary', '@large', '-o', 'echo', `${V4}/echo`)
    expect(folder.sha256('echo')).toBe(large.sha256)
  })

  it('makes 400 requests over up to 30 connections at once', async () => {
    const before = web.connections
    await curl('-Z', '--parallel-max', '30', '-o', 'item-#1', `${V4}/item/[1-400]`)
    for (let n = 1; n <= 400; n++) expect(readFileSync(folder.file(`item-${n}`), 'utf8')).toBe(itemText(n))
    expect(web.connections - before).toBeLessThanOrEqual(30)
  })

  it('goes in the middle, and the server is told', async () => {
    const failed = once(web.http, 'request').then(async ([request, response]) => {
      await once(response, 'close')
      return request.socket.errored
    })
    expect((await run('sh', '-c', `curl -s ${V4}/file | head -c 200000 | wc -c`)).trim()).toBe('200000')
    // It had more in its receive buffer: the kernel resets the connection.
    expect(await failed).toMatchObject({ code: 'ECONNRESET' })
    expect(await curl(`${V4}/item/1`)).toBe(itemText(1))
  })

  it('asks for the head alone', async () => {
    const head = await curl('-I', `${V4}/file`)
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(head).toContain(`content-length: ${SIZE}\r\n`)
  })

  const secure = ['--cacert', 'cert.pem']

  it.each(HOSTS)('verifies the certificate, and moves 16 MiB each way over TLS, at %s', async (host) => {
    await curl('-g', ...secure, '-o', 'got', `https://${host}/file`)
    expect(folder.sha256('got')).toBe(large.sha256)
    expect(JSON.parse(await curl('-g', ...secure, '-T', 'large', `https://${host}/hash`))).toEqual(large)
  })

  describe.skipIf(!curlHasHttp2)(
    curlHasHttp2 ? 'with HTTP/2' : 'with HTTP/2 [skipped: this curl has no HTTP/2]',
    () => {
      const origin = `https://tapwire.test:${PORTS.http2}`
      const to = ['--resolve', `tapwire.test:${PORTS.http2}:${STACK_SIDE.v4}`]

      it('agrees on it by ALPN, and moves 16 MiB each way', async () => {
        expect(await curl(...secure, ...to, '-o', 'got', '-w', '%{http_version}', `${origin}/file`)).toBe('2')
        expect(folder.sha256('got')).toBe(large.sha256)
        expect(JSON.parse(await curl(...secure, ...to, '-T', 'large', `${origin}/hash`))).toEqual(large)
      })

      it('makes 200 requests at once on one connection', async () => {
        const items = ['-Z', '--parallel-max', '100', '-o', 'h2-#1', `${origin}/item/[1-200]`]
        const told = await curl(...secure, ...to, '-w', '%{http_version} ', ...items)
        expect(told).toBe('2 '.repeat(200))
        for (let n = 1; n <= 200; n++) expect(readFileSync(folder.file(`h2-${n}`), 'utf8')).toBe(itemText(n))
      })
    },
  )
})

kernelSuite('wget and servers of the stack', kernelObstacle(['wget']), () => {
  allowNoKernelTcp()
  beforeAll(open)
  afterAll(close)

  const wget = (...args: string[]): Promise<string> => run('wget', '-nv', '--tries=1', ...args)

  it.each(HOSTS)('downloads 16 MiB from %s', async (host) => {
    await wget('-O', 'got', `http://${host}/file`)
    expect(folder.sha256('got')).toBe(large.sha256)
  })

  it('goes on where it was interrupted', async () => {
    await wget('-O', 'file', `${V4}/file`)
    truncateSync(folder.file('file'), 7_000_003)
    await wget('-c', `${V4}/file`)
    expect(folder.sha256('file')).toBe(large.sha256)
  })

  it('fetches a list of 200 over one connection', async () => {
    const urls = Array.from({ length: 200 }, (_, n) => `${V4}/item/${n}\n`)
    folder.write('list', urls.join(''))
    const before = web.connections
    await wget('-i', 'list', '-P', 'items')
    for (let n = 0; n < 200; n++) expect(readFileSync(folder.file(`items/${n}`), 'utf8')).toBe(itemText(n))
    expect(web.connections - before).toBe(1)
  })

  it('comes back for the rest when its connection is reset', async () => {
    const file = readFileSync(folder.file('large'))
    const ranges: (string | undefined)[] = []
    const server = side.http.createServer((request, response) => {
      ranges.push(request.headers.range)
      const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const range = { 'content-range': `bytes ${first}-${SIZE - 1}/${SIZE}` }
      response.writeHead(first > 0 ? 206 : 200, {
        'content-length': SIZE - first,
        ...(first > 0 ? range : {}),
      })
      if (ranges.length > 2) response.end(file.subarray(first))
      else response.write(file.subarray(first, first + 5_000_000), () => request.socket.resetAndDestroy())
    })
    await once(server.listen(8080), 'listening')
    await run('wget', '-nv', '--tries=5', '--waitretry=0', '-O', 'rest', `${V4}:8080/rest`)
    expect(folder.sha256('rest')).toBe(large.sha256)
    expect(ranges).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d+-$/),
      expect.stringMatching(/^bytes=\d+-$/),
    ])
    server.close()
  })

  it('posts a file', async () => {
    // Not to be echoed: wget reads no answer before it has sent all.
    expect(JSON.parse(await wget('--post-file=large', '-O', '-', `${V4}/hash`))).toEqual(large)
  })

  it.each(HOSTS)('verifies the certificate, and downloads 16 MiB over TLS, from %s', async (host) => {
    await wget('--ca-certificate=cert.pem', '-O', 'got', `https://${host}/file`)
    expect(folder.sha256('got')).toBe(large.sha256)
  })
})
