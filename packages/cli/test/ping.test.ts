import { createCable, impair, parseAddress, Stack, VirtualClock } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { statistics } from '../src/commands/ping.ts'
import { run, start } from './support.ts'

const FAST = ['--virtual', '-i', '0.001']

describe('tapwire ping', () => {
  it.for(['10.77.0.1', 'fd77::1'])('tells each answer of %s, and the sums as ping(8) does', async (host) => {
    const { status, out, err } = await run(['ping', host, ...FAST, '-c', '3', '-s', '100'])
    expect([status, err]).toEqual([0, ''])
    const lines = out.split('\n')
    expect(lines[0]).toBe(`PING ${host}: 100 bytes of data`)
    for (const seq of [1, 2, 3])
      expect(lines[seq]).toMatch(new RegExp(`^108 bytes from ${host}: seq=${seq} ttl=64 time=[\\d.]+ ms$`))
    expect(lines[5]).toBe(`--- ${host} ---`)
    expect(lines[6]).toMatch(/^3 sent, 3 received, 0% lost, time \d+ ms$/)
    expect(lines[7]).toMatch(/^rtt min\/avg\/max\/mdev = [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms$/)
  })

  it('--json tells the same to programs', async () => {
    const { status, out } = await run(['ping', '10.77.0.1', ...FAST, '-c', '2', '--json'])
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(status).toBe(0)
    expect(rows[0]).toMatchObject({
      seq: 1,
      kind: 'reply',
      from: '10.77.0.1',
      bytes: 56,
      ttl: 64,
      intact: true,
    })
    expect(rows[2]).toMatchObject({ kind: 'summary', sent: 2, received: 2 })
    expect(rows[2].rtt.min).toBeLessThanOrEqual(rows[2].rtt.max)
  })

  it('fails where nobody answers', async () => {
    const { status, out } = await run(['ping', '10.77.0.9', ...FAST, '-c', '2', '-W', '0.05'])
    expect(status).toBe(1)
    expect(out).toMatch(
      /no answer to seq=1\nno answer to seq=2\n\n--- 10\.77\.0\.9 ---\n2 sent, 0 received, 100% lost/,
    )
  })

  it('tells the sums after Ctrl-C, with its status', async () => {
    const ping = start(['ping', '10.77.0.1', ...FAST])
    await ping.said(/seq=5 /)
    ping.interrupt()
    const { status, out } = await ping.ended
    expect(status).toBe(130)
    expect(out).toMatch(/\d+ sent, \d+ received/)
  })

  it('takes a name that the configuration knows', async () => {
    const { writeFileSync } = await import('node:fs')
    const { folder } = await import('./support.ts')
    writeFileSync(`${folder}/names.json`, '{ "virtual": true, "names": { "hosts": { "far": "10.77.0.1" } } }')
    const { status, out } = await run(['ping', 'far', '--config', `${folder}/names.json`, '-c', '1'])
    expect([status, out.split('\n')[0]]).toEqual([0, 'PING far (10.77.0.1): 56 bytes of data'])
  })

  it('survives a bad network, and tells what was lost', async () => {
    const bad = ['--impair', 'loss=0.5,seed=3', '-W', '0.05', '-c', '20']
    const { out } = await run(['ping', '10.77.0.1', ...FAST, ...bad])
    const [, received] = /20 sent, (\d+) received/.exec(out) as RegExpExecArray
    expect(Number(received)).toBeGreaterThan(0)
    expect(Number(received)).toBeLessThan(20)
    expect(out).toContain('no answer to seq=')
  })
})

it('the statistics are those of ping(8)', () => {
  expect(statistics([])).toBeNull()
  expect(statistics([1, 2, 3, 6])).toEqual({ min: 1, avg: 3, max: 6, mdev: Math.sqrt(3.5) })
})

it('the round trips are those of the network', () => {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock })
  const near = new Stack({ clock })
  near.addInterface(impair(left, { latency: 25, clock }), { addresses: ['10.0.0.1/24'] })
  new Stack({ clock }).addInterface(right, { addresses: ['10.0.0.2/24'] })
  let told = Number.NaN
  near.icmp.ping(parseAddress('10.0.0.2')!, {}, (result) => {
    told = result.kind === 'reply' ? result.rtt / 1000 : -1
  })
  clock.advance(1000)
  // ARP takes a round trip, too: the echo waits for it.
  expect(told).toBe(100)
})
