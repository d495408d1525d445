import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { openControl } from '../src/observe/control.ts'
import { Tracing } from '../src/observe/tracing.ts'
import type { WatchedFrame } from '../src/world/watched-device.ts'
import type { World } from '../src/world/world.ts'
import { folder, type Running, run, start } from './support.ts'

const sockets = join(folder, 'tapwire')

async function serve(...more: string[]): Promise<{ server: Running; url: string }> {
  const server = start(['http', folder, '--virtual', ...more])
  const [, url] = await server.said(/curl (http:\S+)/)
  return { server, url }
}

async function stop(server: Running): Promise<void> {
  server.interrupt()
  expect((await server.ended).status).toBe(130)
}

describe('a running command', () => {
  it('has a socket that only its user may open, and takes it away', async () => {
    const { server } = await serve()
    const name = join(sockets, `${process.pid}.sock`)
    expect(statSync(name).mode & 0o777).toBe(0o600)
    expect(statSync(sockets).mode & 0o777).toBe(0o700)
    await stop(server)
    expect(existsSync(name)).toBe(false)
  })

  it('tells its counters and connections', async () => {
    const { server, url } = await serve()
    await fetch(url)
    const { status, out } = await run(['stats'])
    expect(status).toBe(0)
    expect(out).toMatch(/^http \S+ \(\d+\), a cable in memory: /)
    expect(out).toMatch(/tcp\n {2}segmentsIn +\d+\n/)
    expect(out).toMatch(/connections\n {2}10\.77\.0\.2:80 - 10\.77\.0\.1:\d+ ESTABLISHED: cwnd \d+/)
    const json = JSON.parse((await run(['stats', '--json', '--pid', String(process.pid)])).out)
    expect(json).toMatchObject({
      pid: process.pid,
      tcp: { passiveOpens: 1, timeouts: 0 },
      now: { listeners: 1 },
    })
    expect((await run(['stats', '--all'])).out).toMatch(/ {2}timeouts +0\n/)
    await stop(server)
  })

  it('stats --every goes on until it ends', async () => {
    const { server } = await serve()
    const stats = start(['stats', '--every', '0.05', '--json'])
    await stats.said(/\n.*\n.*\n/)
    await stop(server)
    const { status, out } = await stats.ended
    expect(status).toBe(0)
    expect(out.trimEnd().split('\n').length).toBeGreaterThan(2)
  })

  it('tells its trace, and --all every segment', async () => {
    const { server, url } = await serve()
    const [trace, all] = [start(['trace']), start(['trace', '--all', '--json'])]
    await Promise.all([trace.said(/a cable in memory/), all.said(/a cable in memory/)])
    await new Promise((resolve) =>
      get(url, { agent: false }, (response) => response.resume().on('end', resolve)),
    )
    await trace.said(/ TIME-WAIT > CLOSED/)
    await all.said(/"to":"CLOSED"/)
    await stop(server)
    const lines = (await trace.ended).out.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^0\.000000 #1 10\.77\.0\.2:80 - 10\.77\.0\.1:\d+ CLOSED > ESTABLISHED$/)
    expect(lines.some((line) => line.includes('receives'))).toBe(false)
    const events = (await all.ended).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.find(({ kind }) => kind === 'segmentIn')).toMatchObject({ flags: 'S', connection: 0 })
    expect(events.find(({ kind, to }) => kind === 'state' && to === 'FIN-WAIT-1').ends).toMatch(
      /^10\.77\.0\.2:80 - /,
    )
  })

  it('of several, --pid says which is meant', async () => {
    const { server } = await serve()
    // Other processes, as far as can be seen from outside.
    const others = [4_000_000, 4_000_001, 10_000_000].map((pid) =>
      createServer((socket) =>
        socket.end(`${JSON.stringify({ pid, command: 'nc -l 9', description: 'x', medium: 'ip' })}\n`),
      ).listen(join(sockets, `${pid}.sock`)),
    )
    try {
      await Promise.all(others.map((other) => once(other, 'listening')))
      const { status, err } = await run(['stats'])
      expect([status, err]).toEqual([
        1,
        `tapwire: several tapwire commands are running, and --pid says which is meant: ${process.pid} (http ${folder}), 4000000 (nc -l 9), 4000001 (nc -l 9), 10000000 (nc -l 9)\n`,
      ])
      expect((await run(['stats', '--pid', String(process.pid)])).status).toBe(0)
    } finally {
      for (const other of others) other.close()
    }
    await stop(server)
  })

  it('what a killed one has left behind is removed', async () => {
    mkdirSync(sockets, { recursive: true, mode: 0o700 })
    const { spawnSync } = await import('node:child_process')
    const left = join(sockets, '4000001.sock')
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ])
    expect(existsSync(left)).toBe(true)
    expect((await run(['stats'])).status).toBe(1)
    expect(readdirSync(sockets)).toEqual([])
  })

  it('a folder that others may enter is not used', async () => {
    const open = join(folder, 'open')
    mkdirSync(join(open, 'tapwire'), { recursive: true })
    const { status, err } = await run(['stats'], '', { XDG_RUNTIME_DIR: open })
    expect([status, err]).toEqual([
      1,
      expect.stringContaining('must be a folder that only this user may enter'),
    ])
  })

  it.for(['no json\n', '{"ask":"files"}\n', 'null\n', 'x'.repeat(2000)])(
    'hangs up on %j',
    async (question) => {
      const { server } = await serve()
      const socket = connect(join(sockets, `${process.pid}.sock`))
      socket.write(question)
      let heard = 0
      socket.on('data', (bytes) => {
        heard += bytes.length
      })
      socket.on('error', () => {})
      await once(socket, 'close')
      expect(heard).toBe(0)
      await stop(server)
    },
  )

  it('takes sixteen visitors at a time', async () => {
    const { server } = await serve()
    const visitors = Array.from({ length: 20 }, () => connect(join(sockets, `${process.pid}.sock`)))
    const turnedAway = visitors
      .filter((socket) => socket.on('error', () => {}))
      .map((socket) => once(socket, 'close'))
    let gone = 0
    for (const one of turnedAway) void one.then(() => gone++)
    await expect.poll(() => gone).toBe(4)
    for (const socket of visitors) socket.destroy()
    await stop(server)
  })

  it('leaves out, and counts, what a visitor is too slow to read', async () => {
    let tell = (_: WatchedFrame): void => {}
    const device = {
      medium: 'ip',
      watch: (listener: typeof tell) => {
        tell = listener
        return () => {}
      },
    }
    const world = { device, description: 'a test' } as unknown as World
    const tracing = {} as Tracing
    const control = await openControl({ world, tracing, command: 'test', env: { XDG_RUNTIME_DIR: folder } })
    const socket = connect(join(sockets, `${process.pid}.sock`))
    socket.write('{"ask":"frames"}\n')
    await once(socket, 'readable')
    const frame = { time: 0, direction: 'in', bytes: new Uint8Array(3000), originalLength: 3000 } as const
    for (let i = 0; i < 1000; i++) tell(frame)
    // It reads again, and is told with the next one.
    let heard = 0
    let missed = 0
    for await (const line of createInterface({ input: socket })) {
      if (line.startsWith('{"missed"')) missed = JSON.parse(line).missed
      else if (line.includes('"bytes"')) heard++
      if (heard < 1000 - missed) tell(frame)
      if (missed > 0 && heard > 1000 - missed) break
    }
    expect(missed).toBeGreaterThan(100)
    expect(missed).toBeLessThan(1000)
    control.close()
  })
})

describe('watching by options of the command itself', () => {
  it('--trace, --stats, --dump and --pcap', async () => {
    const pcap = join(folder, 'watched.pcapng')
    const watch = ['--trace', '--stats', '--dump', '--pcap', pcap]
    const { out, err } = await run(['nc', '10.77.0.1', '7', '--virtual', ...watch], 'word')
    expect(out).toBe('word')
    expect(err).toMatch(/#1 10\.77\.0\.2:\d+ - 10\.77\.0\.1:7 CLOSED > SYN-SENT\n/)
    expect(err).toMatch(/ seq 1:5 ack 1 win \d+ len 4\n/)
    expect(err).toMatch(/ {2}activeOpens +1\n/)
    expect((await run(['dump', '-r', pcap, 'port', '7'])).out).toContain('SYN seq 0')
  })

  it('--stats with a number tells again and again', async () => {
    const nc = start(['nc', '10.77.0.1', '9', '--virtual', '--stats', '0.02'])
    await nc.said(/listeners|connections +1[\s\S]*connections +1/)
    await stop(nc)
  })

  it.each([
    // Before a packet leaves; and when the last has come.
    ['/nowhere/x', /^$/, "ENOENT: no such file or directory, open '/nowhere/x'"],
    ['/dev/full', /1 received/, 'ENOSPC: no space left on device, write'],
  ])('a capture that cannot be written is said: %s', async (file, out, why) => {
    const ping = await run(['ping', '10.77.0.1', '--virtual', '-c', '1', '--pcap', file])
    expect(ping).toMatchObject({ status: 2, err: `tapwire: --pcap: ${why}\n` })
    expect(ping.out).toMatch(out)
  })

  it('trace with a device has small servers', async () => {
    const trace = start(['trace', '--virtual'])
    await trace.said(/echo \(7, TCP and UDP\), discard \(9\), chargen \(19\), http \(80\)/)
    await stop(trace)
  })

  it('a stack has a tracer only while somebody listens', async () => {
    const { Stack } = await import('@tapwire/stack')
    const stack = new Stack()
    const tracing = new Tracing(stack)
    expect(stack.tcp.context.tracer).toBeNull()
    const stops = [tracing.listen(() => {}), tracing.listen(() => {})]
    stops[0]()
    expect(stack.tcp.context.tracer).toBe(tracing)
    stops[1]()
    expect(stack.tcp.context.tracer).toBeNull()
    await stack.close()
  })
})

describe('--config', () => {
  const file = join(folder, 'config.json')

  it('says what the options say, and the command line wins', async () => {
    writeFileSync(
      file,
      JSON.stringify({
        virtual: true,
        addresses: ['10.5.0.9/24'],
        tcp: { congestion: 'newreno' },
        mtu: 1300,
      }),
    )
    const { status, out } = await run(['ping', '10.5.0.1', '--config', file, '-c', '1'])
    expect([status, out.split('\n')[0]]).toEqual([0, 'PING 10.5.0.1: 56 bytes of data'])
    expect(
      (await run(['ping', '10.6.0.1', '--config', file, '--address', '10.6.0.2/24', '-c', '1'])).status,
    ).toBe(0)
  })

  it.for([
    ['{', /config\.json: this is no JSON: /],
    ['[]', /config\.json: there must be one object, \{ \.\.\. \}$/],
    ['{"tapp":"x"}', /config\.json: there is no "tapp"; there are tap, tun, /],
    ['{"tap":7}', /config\.json: "tap" must be a string, such as "tap0", and is 7$/],
    [
      '{"addresses":"10.0.0.1/24"}',
      /"addresses" must be a list of strings, such as \["10\.77\.0\.2\/24"\], and is "10\.0\.0\.1\/24"$/,
    ],
    ['{"virtual":1}', /"virtual" must be true or false/],
    ['{"impair":[]}', /"impair" must be an object/],
    ['{"tap":"a","virtual":true}', /of "tap", "tun" and "virtual" only one can be the device$/],
  ] as const)('%s', async ([text, sentence]) => {
    writeFileSync(file, text)
    const { status, err } = await run(['ping', '10.77.0.1', '--config', file])
    expect([status, err.trimEnd()]).toEqual([2, expect.stringMatching(sentence)])
  })

  it('a file that is not there', async () => {
    expect((await run(['ping', '10.77.0.1', '--config', '/nowhere'])).err).toBe(
      "tapwire: --config: ENOENT: no such file or directory, open '/nowhere'\n",
    )
  })
})
