import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type * as nodeNet from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cert, key } from '../../packages/net-api/test/support/certificate.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'
import { SERVER, sha256, TwoHosts } from './two-hosts.ts'

/*
 * Programs that do not know of tapwire, as their authors ship them: the server on one host, the client on another, and every
 * connection of theirs through two stacks and a cable that loses frames. What arrives is compared by hash.
 */

describe('programs that do not know of tapwire', () => {
  allowNoKernelTcp()
  let hosts: TwoHosts
  const large = randomBytes(2 << 20)

  beforeAll(() => {
    hosts = new TwoHosts()
  })

  afterAll(() => hosts.close())

  let movedBefore = 0
  afterEach(() => {
    // Each of them has moved more than the handshakes alone would.
    expect(hosts.bytesMoved - movedBefore).toBeGreaterThan(100_000)
    movedBefore = hosts.bytesMoved
  })

  it('ws', async () => {
    const { WebSocketServer } = hosts.onServer('ws') as typeof import('ws')
    const { WebSocket } = hosts.onClient('ws') as typeof import('ws')
    const server = new WebSocketServer({ port: 8080, host: SERVER })
    server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
    await once(server, 'listening')
    const client = new WebSocket('ws://server:8080/chat')
    await once(client, 'open')
    client.send(large)
    const [echo] = await once(client, 'message')
    expect(sha256(echo)).toBe(sha256(large))
    const answers: string[] = []
    client.on('message', (data) => answers.push(String(data)))
    for (let i = 0; i < 500; i++) client.send(`message ${i}`)
    await expect.poll(() => answers.length).toBe(500)
    expect(answers).toEqual(Array.from({ length: 500 }, (_, i) => `message ${i}`))
    client.close(1000, 'done')
    expect((await once(client, 'close'))[0]).toBe(1000)
    await new Promise((resolve) => server.close(resolve))
  })

  it('fastify, with undici and with http.Agent', async () => {
    const fastify = hosts.onServer('fastify') as typeof import('fastify')
    const { Agent, request } = hosts.onClient('undici') as typeof import('undici')
    const http = hosts.onClient('http') as typeof import('node:http')
    const app = fastify.default({ bodyLimit: 8 << 20 })
    app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    )
    app.post('/echo', (incoming, reply) => reply.type('application/octet-stream').send(incoming.body))
    app.get<{ Params: { id: string } }>('/item/:id', ({ params }) => ({ id: params.id }))
    const origin = await app.listen({ port: 3000, host: SERVER })
    const dispatcher = new Agent({ connections: 4, pipelining: 1 })
    const headers = { 'content-type': 'application/octet-stream' }
    const { body } = await request(`${origin}/echo`, { method: 'POST', body: large, headers, dispatcher })
    expect(sha256(new Uint8Array(await body.arrayBuffer()))).toBe(sha256(large))
    const items = await Promise.all(
      Array.from({ length: 200 }, async (_, i) =>
        (await request(`${origin}/item/${i}`, { dispatcher })).body.json(),
      ),
    )
    expect(items).toEqual(Array.from({ length: 200 }, (_, i) => ({ id: `${i}` })))
    await dispatcher.close()
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })
    const texts = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const [response] = await once(http.get(`http://server:3000/item/${i}`, { agent }), 'response')
        let text = ''
        for await (const piece of response) text += piece
        return text
      }),
    )
    expect(texts).toEqual(Array.from({ length: 50 }, (_, i) => `{"id":"${i}"}`))
    agent.destroy()
    await app.close()
  })

  it('mqtt with aedes', async () => {
    const { Aedes } = hosts.onServer('aedes') as typeof import('aedes')
    const mqtt = hosts.onClient('mqtt') as typeof import('mqtt')
    const net = hosts.onServer('net') as typeof nodeNet
    const broker = await Aedes.createBroker()
    const server = net.createServer(broker.handle).listen(1883, SERVER)
    const client = await mqtt.connectAsync('mqtt://server:1883')
    await client.subscribeAsync('large/#', { qos: 1 })
    const received: Buffer[] = []
    client.on('message', (_topic, payload) => received.push(payload))
    await client.publishAsync('large/one', large, { qos: 1 })
    for (let i = 0; i < 100; i++) await client.publishAsync(`large/${i}`, `n${i}`, { qos: 1 })
    await expect.poll(() => received.length, { timeout: 10_000 }).toBe(101)
    expect(sha256(received[0])).toBe(sha256(large))
    expect(received.slice(1).map(String)).toEqual(Array.from({ length: 100 }, (_, i) => `n${i}`))
    await client.endAsync()
    server.close()
    await new Promise<void>((resolve) => broker.close(resolve))
  })

  it('nodemailer with smtp-server, with STARTTLS', async () => {
    const { SMTPServer } = hosts.onServer('smtp-server') as typeof import('smtp-server')
    const nodemailer = hosts.onClient('nodemailer') as typeof import('nodemailer')
    const mails: { from: string; to: string[]; text: string }[] = []
    const server = new SMTPServer({
      key,
      cert,
      authOptional: true,
      size: 16 << 20,
      onData(stream, session, done) {
        let text = ''
        stream.setEncoding('latin1')
        stream.on('data', (piece) => {
          text += piece
        })
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope
          mails.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            text,
          })
          done()
        })
      },
    })
    server.listen(2525, SERVER)
    const transport = nodemailer.createTransport({
      host: 'server',
      port: 2525,
      requireTLS: true,
      tls: { ca: cert, servername: 'tapwire.test' },
    })
    await transport.sendMail({
      from: 'a@tapwire.test',
      to: ['b@tapwire.test', 'c@tapwire.test'],
      subject: 'over two stacks',
      text: 'with a large file',
      attachments: [{ filename: 'large.bin', content: large }],
    })
    transport.close()
    expect(mails).toMatchObject([{ from: 'a@tapwire.test', to: ['b@tapwire.test', 'c@tapwire.test'] }])
    const encoded = /large\.bin[\s\S]*?\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)/.exec(mails[0].text)?.[1] ?? ''
    expect(sha256(Buffer.from(encoded, 'base64'))).toBe(sha256(large))
    await new Promise<void>((resolve) => server.close(resolve))
  })

  it('ssh2, both as client and as server', async () => {
    const { Server } = hosts.onServer('ssh2') as typeof import('ssh2')
    const { Client, utils } = hosts.onClient('ssh2') as typeof import('ssh2')
    const hostKey = utils.generateKeyPairSync('ed25519').private
    const server = new Server({ hostKeys: [hostKey] }, (client) => {
      client.on('authentication', (context) => {
        if (context.method === 'password' && context.password === 'secret') context.accept()
        else context.reject(['password'])
      })
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec) => {
          const stream = acceptExec()
          stream.pipe(stream)
          stream.on('end', () => stream.exit(0))
        })
      })
      client.on('error', () => {})
    })
    server.listen(2222, SERVER)
    const client = new Client()
    client.connect({ host: 'server', port: 2222, username: 'u', password: 'secret' })
    await once(client, 'ready')
    const echo = await new Promise<string>((resolve, reject) => {
      client.exec('cat', (error, stream) => {
        if (error) return reject(error)
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('close', () => resolve(sha256(Buffer.concat(chunks))))
        stream.end(large)
      })
    })
    expect(echo).toBe(sha256(large))
    client.end()
    await once(client, 'close')
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })

  it('mysql2, both as client and as server', async () => {
    const { createServer } = hosts.onServer('mysql2') as unknown as { createServer(): MysqlServer }
    const mysql = hosts.onClient('mysql2/promise') as typeof import('mysql2/promise')
    const server = createServer()
    server.on('connection', (connection) => {
      connection.serverHandshake({
        protocolVersion: 10,
        serverVersion: '8.0.0-tapwire',
        connectionId: 1,
        statusFlags: 2,
        characterSet: 45,
        capabilityFlags: 0xffffff & ~0x800,
      })
      connection.on('query', (sql) => {
        // The server of mysql2 leaves the numbering of packets to its user: an answer goes on from its question, the next
        // question begins anew.
        connection.sequenceId = 1
        const rows = sql.includes('large')
          ? [{ hash: sha256(sql) }]
          : Array.from({ length: 2000 }, (_, n) => ({ n: `${n}` }))
        const [name] = Object.keys(rows[0])
        connection.writeTextResult(rows, [
          {
            catalog: 'def',
            schema: '',
            table: '',
            orgTable: '',
            name,
            orgName: name,
            characterSet: 45,
            columnLength: 64,
            columnType: 253,
            flags: 0,
            decimals: 0,
          },
        ])
        connection.sequenceId = 0
      })
      connection.on('error', () => {})
    })
    server.listen(3306, SERVER)
    const connection = await mysql.createConnection({ host: 'server', user: 'u', database: 'd' })
    const [rows] = await connection.query('select n from numbers')
    expect(rows).toEqual(Array.from({ length: 2000 }, (_, n) => ({ n: `${n}` })))
    const sql = `select hash('large ${large.toString('base64')}')`
    expect((await connection.query(sql))[0]).toEqual([{ hash: sha256(sql) }])
    connection.destroy()
    server.close()
  })

  it('pg with PGlite', async () => {
    const { PGlite } = hosts.onServer('@electric-sql/pglite') as typeof import('@electric-sql/pglite')
    const { PGLiteSocketServer } = hosts.onServer(
      '@electric-sql/pglite-socket',
    ) as typeof import('@electric-sql/pglite-socket')
    const { Client } = hosts.onClient('pg') as typeof import('pg')
    const db = await PGlite.create()
    const server = new PGLiteSocketServer({ db, port: 5432, host: SERVER })
    await server.start()
    const client = new Client({ host: 'server', user: 'postgres', database: 'postgres', ssl: false })
    await client.connect()
    await client.query('create table t (id int primary key, bytes bytea)')
    for (let i = 0; i < 4; i++)
      await client.query('insert into t values ($1, $2)', [i, large.subarray(i * 99_999, (i + 1) * 99_999)])
    const { rows } = await client.query('select id, bytes from t order by id')
    expect(rows.map(({ bytes }) => sha256(bytes))).toEqual(
      [0, 1, 2, 3].map((i) => sha256(large.subarray(i * 99_999, (i + 1) * 99_999))),
    )
    const many = await client.query('select n from generate_series(1, 20000) as n')
    expect(many.rows).toHaveLength(20_000)
    await client.end()
    await server.stop()
    await db.close()
  })
})

/** The part of mysql2's server that its types leave out. */
interface MysqlServer {
  on(event: 'connection', listener: (connection: MysqlConnection) => void): void
  listen(port: number, host: string): void
  close(): void
}

interface MysqlConnection {
  sequenceId: number
  serverHandshake(options: object): void
  writeTextResult(rows: readonly object[], columns: readonly object[]): void
  on(event: 'query', listener: (sql: string) => void): void
  on(event: 'error', listener: () => void): void
}
