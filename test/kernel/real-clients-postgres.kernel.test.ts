import type { ChildProcess } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chmodSync, chownSync, readdirSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { payloadStream } from '../../examples/main/payload.ts'
import { KERNEL_SIDE, KernelSide } from '../../examples/shared/kernel-side.ts'
import { mustRun } from '../../examples/shared/programs.ts'
import { cert } from '../../packages/net-api/test/support/certificate.ts'
import { type Client, type ClientConfig, type Packages, packagesOn } from '../clients/packages.ts'
import { SIZE } from '../clients/web/app.ts'
import { startDaemon, stopDaemon } from '../support/daemon.ts'
import { Folder } from '../support/folder.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'

/** PostgreSQL runs as no root; these are the numbers of `nobody` and `nogroup`. */
const NOBODY = 65_534
const UNPRIVILEGED = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups']
/** Debian keeps its programs out of the PATH. */
const DEBIAN = '/usr/lib/postgresql'
const PORT = 5432
const WHO = { user: 'tapwire', database: 'postgres' } as const

/** The folder of the newest one's programs; null when there is none. */
function findPrograms(): string | null {
  try {
    const versions = readdirSync(DEBIAN).map(Number).filter(Boolean)
    return versions.length > 0 ? `${DEBIAN}/${Math.max(...versions)}/bin` : null
  } catch {
    return null
  }
}

const programs = findPrograms()

function obstacle(): string | null {
  const general = kernelObstacle(['setpriv'])
  if (general !== null) return general
  if (programs === null) return 'not installed: postgresql'
  const tried = spawnSync('setpriv', [...UNPRIVILEGED, 'true'], { encoding: 'utf8' })
  return tried.status === 0 ? null : 'PostgreSQL needs a user that is not root, and there is none here'
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const WAYS: readonly (readonly [string, ClientConfig])[] = [
  ['over IPv4', { host: KERNEL_SIDE.v4 }],
  ['over IPv6', { host: KERNEL_SIDE.v6 }],
  ['with TLS', { host: KERNEL_SIDE.v4, ssl: { ca: cert, servername: 'tapwire.test' } }],
]

kernelSuite('pg on the stack and a PostgreSQL server', obstacle(), () => {
  allowNoKernelTcp()
  let side: KernelSide
  let folder: Folder
  let server: ChildProcess
  let large: Buffer
  let pg: Packages['pg']

  beforeAll(async () => {
    folder = new Folder()
    chownSync(folder.path, NOBODY, NOBODY)
    const pem = folder.writeCertificate()
    chmodSync(pem.key, 0o600)
    chownSync(pem.key, NOBODY, NOBODY)
    const data = folder.file('data')
    const env = { ...process.env, LC_ALL: 'C' }
    const init = ['-D', data, '-U', WHO.user, '-A', 'trust', '--no-sync', '--no-locale', '-E', 'UTF8']
    await mustRun('setpriv', [...UNPRIVILEGED, `${programs}/initdb`, ...init], { env, cwd: folder.path })
    appendFileSync(`${data}/pg_hba.conf`, 'host all all all trust\n')
    const settings = {
      listen_addresses: '*',
      port: PORT,
      unix_socket_directories: '',
      fsync: 'off',
      shared_buffers: '16MB',
      ssl: 'on',
      ssl_cert_file: pem.cert,
      ssl_key_file: pem.key,
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    side = await KernelSide.open()
    // Who changes its user has to ask anew to be told of its parent's death.
    const asNobody = [...UNPRIVILEGED, '--pdeathsig', 'QUIT', `${programs}/postgres`, '-D', data, ...options]
    server = await startDaemon(side, PORT, 'setpriv', asNobody, { env, cwd: folder.path })
    large = await buffer(payloadStream(SIZE))
    pg = packagesOn(side.stack).pg
  }, 60_000)

  afterAll(async () => {
    if (server) await stopDaemon(server, 'SIGQUIT')
    await side?.close()
    folder?.remove()
  })

  describe.each(WAYS)('%s', (_, options) => {
    const config = { ...WHO, port: PORT, ...options }
    let client: Client

    beforeAll(async () => {
      client = new pg.Client(config)
      await client.connect()
      await client.query('create temp table t (id int primary key, bytes bytea)')
    })

    afterAll(() => client?.end())

    it('keeps 16 MiB, which the server hashes, and gives them back', async () => {
      await client.query('insert into t values (-1, $1)', [large])
      const { rows } = await client.query(
        "select bytes, encode(sha256(bytes), 'hex') as hash from t where id = -1",
      )
      expect(rows[0].hash).toBe(sha256(large))
      expect(sha256(rows[0].bytes)).toBe(sha256(large))
    })

    it('answers 1,000 small statements and a hundred thousand rows', async () => {
      const piece = (n: number): Buffer => large.subarray(n * 100, n * 100 + 100)
      for (let n = 0; n < 1000; n++)
        await client.query({ name: 'insert', text: 'insert into t values ($1, $2)', values: [n, piece(n)] })
      const { rows } = await client.query('select id, bytes from t where id >= 0 order by id')
      expect(rows.map(({ bytes }) => sha256(bytes))).toEqual(
        Array.from({ length: 1000 }, (_, n) => sha256(piece(n))),
      )
      const many = await client.query('select n from generate_series(1, 100000) as n')
      expect(many.rows.map(({ n }) => n)).toEqual(Array.from({ length: 100_000 }, (_, n) => n + 1))
    })

    it('carries a pool of ten, a notification and a query that is cancelled', async () => {
      const pool = new pg.Pool({ ...config, max: 10 })
      const hashes = await Promise.all(
        Array.from({ length: 60 }, async (_, n) => {
          const own = large.subarray(n * 200_000, (n + 1) * 200_000)
          const { rows } = await pool.query("select encode(sha256($1::bytea), 'hex') as hash", [own])
          return rows[0].hash === sha256(own)
        }),
      )
      expect(hashes).toEqual(Array.from({ length: 60 }, () => true))
      expect(pool.totalCount).toBeLessThanOrEqual(10)
      await client.query('listen news')
      const told = once(client, 'notification')
      await pool.query("notify news, 'from the pool'")
      expect((await told)[0]).toMatchObject({ channel: 'news', payload: 'from the pool' })
      const { processID } = client as unknown as { processID: number }
      let outcome = ''
      client.query('select pg_sleep(60)').catch((error: { code: string }) => {
        outcome = error.code
      })
      // What is cancelled before it has begun goes on.
      const cancel = async (): Promise<string> => {
        await pool.query('select pg_cancel_backend($1)', [processID])
        return outcome
      }
      await expect.poll(cancel, { timeout: 10_000 }).toBe('57014')
      await pool.end()
    })
  })
})
