import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { payloadStream } from '../../examples/main/payload.ts'
import { KERNEL_SIDE, KernelSide } from '../../examples/shared/kernel-side.ts'
import { cert } from '../../packages/net-api/test/support/certificate.ts'
import { packagesOn, type Redis } from '../clients/packages.ts'
import { SIZE } from '../clients/web/app.ts'
import { startDaemon } from '../support/daemon.ts'
import { Folder } from '../support/folder.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'

const PORT = 6379
const TLS_PORT = 6380

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

/** What fails is to fail the test. */
const retryStrategy = (): null => null

const WAYS = [
  ['over IPv4', { host: KERNEL_SIDE.v4, port: PORT, retryStrategy }],
  ['over IPv6', { host: KERNEL_SIDE.v6, port: PORT, retryStrategy }],
  ['with TLS', { host: KERNEL_SIDE.v4, port: TLS_PORT, tls: { ca: cert }, retryStrategy }],
] as const

kernelSuite('ioredis on the stack and a Redis server', kernelObstacle(['redis-server', 'setpriv']), () => {
  allowNoKernelTcp()
  let side: KernelSide
  let folder: Folder
  let large: Buffer

  beforeAll(async () => {
    folder = new Folder()
    side = await KernelSide.open()
    large = await buffer(payloadStream(SIZE))
    const pem = folder.writeCertificate()
    const keepNothing = ['--save', '', '--appendonly', 'no', '--dir', folder.path]
    const tls = ['--tls-port', `${TLS_PORT}`, '--tls-auth-clients', 'no', '--tls-ca-cert-file', pem.cert]
    const certificate = ['--tls-cert-file', pem.cert, '--tls-key-file', pem.key]
    const open = ['--bind', '*', '-::*', '--protected-mode', 'no', '--port', `${PORT}`]
    await startDaemon(side, TLS_PORT, 'redis-server', [...open, ...keepNothing, ...tls, ...certificate])
  })

  afterAll(async () => {
    await side?.close()
    folder?.remove()
  })

  describe.each(WAYS)('%s', (_, options) => {
    let redis: Redis

    beforeAll(() => {
      const { Redis } = packagesOn(side.stack).ioredis
      redis = new Redis(options)
    })

    afterAll(() => redis.quit())

    it('keeps 16 MiB, which the server hashes, and gives them back', async () => {
      await redis.set('large', large)
      expect(await redis.eval("return redis.sha1hex(redis.call('get', KEYS[1]))", 1, 'large')).toBe(
        sha1(large),
      )
      expect(sha1((await redis.getBuffer('large')) ?? Buffer.alloc(0))).toBe(sha1(large))
    })

    it('answers 10,000 small commands, in a pipeline and each by itself, in order', async () => {
      await redis.del('list')
      const pipeline = redis.pipeline()
      for (let n = 0; n < 5000; n++) pipeline.rpush('list', `value ${n}`)
      expect((await pipeline.exec())?.map(([, length]) => length)).toEqual(
        Array.from({ length: 5000 }, (_, n) => n + 1),
      )
      const values = await Promise.all(Array.from({ length: 5000 }, (_, n) => redis.lindex('list', n)))
      expect(values).toEqual(Array.from({ length: 5000 }, (_, n) => `value ${n}`))
    })

    it('carries 50 clients at once, and what they publish', async () => {
      const subscriber = redis.duplicate()
      await subscriber.subscribe('news')
      const heard: string[] = []
      subscriber.on('message', (_channel, message) => heard.push(message))
      const clients = Array.from({ length: 50 }, () => redis.duplicate())
      await Promise.all(
        clients.map(async (client, n) => {
          const own = large.subarray(n * 100_000, (n + 1) * 100_000)
          await client.set(`own ${n}`, own)
          expect(sha1((await client.getBuffer(`own ${n}`)) ?? Buffer.alloc(0))).toBe(sha1(own))
          await client.publish('news', `${n}`)
        }),
      )
      await expect.poll(() => heard.length).toBe(50)
      expect(heard.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n))
      await Promise.all([subscriber, ...clients].map((client) => client.quit()))
    })
  })

  it('is told when the server goes', async () => {
    const { Redis } = packagesOn(side.stack).ioredis
    const redis = new Redis({ host: KERNEL_SIDE.v4, port: PORT, retryStrategy })
    redis.on('error', () => {})
    await redis.ping()
    const ended = once(redis, 'end')
    const asked = redis.shutdown('NOSAVE').catch((error: Error) => error.message)
    await ended
    expect(await asked).toMatch(/Connection is closed|OK/)
    const [refused] = await once(side.net.connect(PORT, KERNEL_SIDE.v4), 'error')
    expect(refused.code).toBe('ECONNREFUSED')
  })
})
