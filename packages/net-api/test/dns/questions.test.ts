import * as nodeDns from 'node:dns'
import { promisify } from 'node:util'
import { parseAddress, requirePrefix, VirtualClock } from '@tapwire/stack'
import * as packet from 'dns-packet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, NameServer } from '../support/name-server.ts'
import { ask, away, begin, clock, dns, end, first, home, second, settled } from './two-servers.ts'

describe('createDns', () => {
  beforeEach(() => begin(new VirtualClock()))
  afterEach(end)

  it('DNS-01 sends one question with a random id that wants recursion, with EDNS0 (DNS-09)', async () => {
    first.add('A', 'one.test', '192.0.2.1')
    expect(await ask((d) => d.resolve4('one.test'))).toEqual(['192.0.2.1'])
    expect(first.asked).toMatchObject([
      { over: 'udp', name: 'one.test', type: 'A', edns: true, recursion: true },
    ])
  })

  it('DNS-02 takes no answer but that to its question', async () => {
    // From another port of the server, and from another host, whatever they say.
    const answer = (id: number): Uint8Array =>
      packet.encode({
        type: 'response',
        id,
        questions: [{ name: 'true.test', type: 'A' }],
        answers: [{ type: 'A', name: 'true.test', ttl: 1, data: '192.0.2.66' }],
      })
    away.interfaces[1].addAddress(requirePrefix('10.9.0.3/24'))
    const strangers = [
      away.udp.bind({ address: parseAddress('10.9.0.1') }, { onMessage: () => {} }),
      away.udp.bind({ address: parseAddress('10.9.0.3'), port: 53 }, { onMessage: () => {} }),
    ]
    first.zone.set('A true.test', ({ id, port }: Asked) => {
      const target = { address: parseAddress('10.9.0.2')!, port }
      for (const stranger of strangers) stranger.send(answer(id), target)
      return { answers: [{ type: 'A', name: 'true.test', ttl: 1, data: '192.0.2.1' }] }
    })
    expect(await ask((d) => d.resolve4('true.test'))).toEqual(['192.0.2.1'])
    const forged = [
      { id: 0x1_0000 },
      { questions: [{ name: 'fake.test', type: 'A' as const }] },
      { questions: [{ name: 'true.test', type: 'AAAA' as const }] },
      { questions: [{ name: 'true.test', type: 'A' as const, class: 'CH' as const }] },
      { questions: [] },
      { type: 'query' as const },
    ]
    for (const [i, changes] of forged.entries()) {
      const name = `forged${i}.test`
      let answered = 0
      first.zone.set(`A ${name}`, ({ id }: Asked) => {
        answered++
        const wrong = {
          ...changes,
          ...('id' in changes ? { id: (id + 1) & 0xffff } : {}),
        } as Partial<packet.Packet>
        return { answers: [{ type: 'A', name, ttl: 1, data: '192.0.2.66' }], ...wrong }
      })
      second.add('A', name, '192.0.2.1')
      // The first server's forgeries are waited past; the second one is asked after its time is over.
      expect(await ask((d) => d.resolve4(name)), JSON.stringify(changes)).toEqual(['192.0.2.1'])
      expect(answered).toBe(1)
    }
  })

  it('DNS-03 asks from ports and with ids that nobody can guess', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}.test`)
    for (const name of names) first.add('A', name, '192.0.2.1')
    // Before the server's link-layer address is known, only so many packets wait for it.
    await ask((d) => d.resolve4(names[0]))
    dns.setServers(dns.getServers())
    await ask((d) => Promise.all(names.map((name) => d.resolve4(name))))
    const ports = new Set(first.asked.map(({ port }) => port))
    const ids = new Set(first.asked.map(({ id }) => id))
    expect(ports.size).toBeGreaterThan(95)
    expect(ids.size).toBeGreaterThan(95)
    expect(Math.max(...ports) - Math.min(...ports)).toBeGreaterThan(10_000)
  })

  it('DNS-04 waits past messages that are broken', async () => {
    const header = (id: number): number[] => [id >>> 8, id & 0xff, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    const question = [4, 0x6c, 0x6f, 0x6f, 0x70, 4, 0x74, 0x65, 0x73, 0x74, 0, 0, 1, 0, 1]
    const broken: ((id: number) => number[])[] = [
      (id) => [...header(id), ...question, 0xc0, 27, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4],
      (id) => [...header(id), ...question, 0xc0, 255, 0, 1],
      (id) => [...header(id), ...question, 0x80, 1, 0, 1],
      (id) => [...header(id), ...question.slice(0, 7)],
      (id) => [...header(id).slice(0, 5)],
      () => [],
    ]
    second.add('A', 'loop.test', '192.0.2.1')
    for (const bytes of broken) {
      dns.setServers(dns.getServers())
      first.zone.set('A loop.test', ({ id }) => ({ raw: Uint8Array.from(bytes(id)) }))
      expect(await ask((d) => d.resolve4('loop.test'))).toEqual(['192.0.2.1'])
    }
  })

  it('DNS-05 asks again over TCP when the answer was cut', async () => {
    const many = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`)
    first.zone.set('A big.test', ({ over }: Asked) =>
      over === 'udp'
        ? { truncated: true }
        : { answers: many.map((data) => ({ type: 'A' as const, name: 'big.test', ttl: 9, data })) },
    )
    expect(await ask((d) => d.resolve4('big.test'))).toEqual(many)
    expect(first.asked.map(({ over }) => over)).toEqual(['udp', 'tcp'])
  })

  it('DNS-05 asks over TCP when the answer was cut in the middle of a name', async () => {
    const good: packet.Answer = { type: 'CNAME', name: 'cut.test', ttl: 9, data: 'a.very.long.name.test' }
    first.zone.set('CNAME cut.test', ({ id, over }: Asked) => {
      if (over === 'tcp') return { answers: [good] }
      const questions = [{ type: 'CNAME' as const, name: 'cut.test' }]
      const flags = packet.TRUNCATED_RESPONSE
      return {
        raw: packet.encode({ type: 'response', id, flags, questions, answers: [good] }).subarray(0, -4),
      }
    })
    expect(await ask((d) => d.resolveCname('cut.test'))).toEqual(['a.very.long.name.test'])
    expect(first.asked.map(({ over }) => over)).toEqual(['udp', 'tcp'])
  })

  it('DNS-05 asks a server of its own over TCP, whose answer is there before the call returns', async () => {
    const own = new NameServer(home, '127.0.0.1')
    own.zone.set('A own.test', ({ over }: Asked) =>
      over === 'udp'
        ? { truncated: true }
        : { answers: [{ type: 'A', name: 'own.test', ttl: 9, data: '192.0.2.1' }] },
    )
    dns.setServers(['127.0.0.1'])
    expect(await ask((d) => d.resolve4('own.test'))).toEqual(['192.0.2.1'])
  })

  it('DNS-04 takes no address that is none, and no record of another class', async () => {
    const address = (data: Buffer, klass: number): number[] => [
      0xc0,
      12,
      0,
      1,
      0,
      klass,
      0,
      0,
      0,
      1,
      0,
      data.length,
      ...data,
    ]
    const message = (id: number, record: number[]): Uint8Array => {
      const questions = [{ type: 'A' as const, name: 'odd.test' }]
      const head = packet.encode({ type: 'response', id, questions })
      head[7] = 1
      return Uint8Array.from([...head, ...record])
    }
    second.add('A', 'odd.test', '192.0.2.1')
    for (const octets of [[], [1, 2]]) {
      first.zone.set('A odd.test', ({ id }) => ({ raw: message(id, address(Buffer.from(octets), 1)) }))
      expect(await ask((d) => d.lookup('odd.test.', 4))).toEqual({ address: '192.0.2.1', family: 4 })
      dns.setServers(dns.getServers())
    }
    first.zone.set('A odd.test', ({ id }) => ({ raw: message(id, address(Buffer.of(1, 2, 3, 4), 3)) }))
    await expect(ask((d) => d.resolve4('odd.test'))).rejects.toMatchObject({ code: 'ENODATA' })
  })

  it('asks for names beyond ASCII as IDNA has them, and for none with other characters', async () => {
    first.add('A', 'xn--bcher-kva.test', '192.0.2.1')
    expect(await ask((d) => d.resolve4('B\u00dcCHER.test'))).toEqual(['192.0.2.1'])
    expect(await ask((d) => d.lookup('b\u00fccher.test', 4))).toMatchObject({ address: '192.0.2.1' })
    await expect(ask((d) => d.resolve4('g\u00fcter.test'))).rejects.toMatchObject({
      code: 'ENOTFOUND',
      hostname: 'g\u00fcter.test',
    })
    for (const name of ['a b.test', '::1', 'a\0.test']) {
      await expect(ask((d) => d.resolve4(name))).rejects.toMatchObject({ code: 'EBADNAME', hostname: name })
    }
  })

  it('DNS-06 goes from a silent server to the next, and from one that failed at once', async () => {
    first.zone.set('A silent.test', null)
    first.zone.set('A failed.test', { rcode: 'SERVFAIL' })
    second.add('A', 'silent.test', '192.0.2.1')
    second.add('A', 'failed.test', '192.0.2.2')
    const start = clock.now()
    expect(await ask((d) => d.resolve4('failed.test'))).toEqual(['192.0.2.2'])
    expect(clock.now() - start).toBeLessThan(1e6)
    expect(await ask((d) => d.resolve4('silent.test'))).toEqual(['192.0.2.1'])
    expect(clock.now() - start).toBeGreaterThan(5e6)
    expect(clock.now() - start).toBeLessThan(6.5e6)
  })

  it('DNS-09 asks without EDNS0 where that puzzles the server', async () => {
    first.zone.set('A old.test', ({ edns }: Asked) =>
      edns ? { rcode: 'FORMERR' } : { answers: [{ type: 'A', name: 'old.test', ttl: 1, data: '192.0.2.1' }] },
    )
    expect(await ask((d) => d.resolve4('old.test'))).toEqual(['192.0.2.1'])
    expect(first.asked.map(({ edns }) => edns)).toEqual([true, false])
  })

  it('who asks the same at the same time shares the question', async () => {
    first.add('A', 'shared.test', '192.0.2.1')
    await ask((d) =>
      Promise.all([d.resolve4('shared.test'), d.resolve4('Shared.test'), d.lookup('shared.test', 4)]),
    )
    expect(first.asked).toHaveLength(1)
  })

  it('DNS-10 looks both families up, in the order of RFC 6724 or the one that is wanted', async () => {
    first.add('A', 'both.test', '10.9.0.50')
    first.add('AAAA', 'both.test', 'fd09::50')
    const v4 = { address: '10.9.0.50', family: 4 }
    const v6 = { address: 'fd09::50', family: 6 }
    const all = (options: object): Promise<unknown> =>
      ask((d) => d.lookup('both.test', { ...options, all: true }))
    expect(await all({ order: 'ipv4first' })).toEqual([v4, v6])
    expect(await all({ order: 'ipv6first' })).toEqual([v6, v4])
    expect(await all({ verbatim: false })).toEqual([v4, v6])
    expect(await all({ family: 4 })).toEqual([v4])
    expect(await all({ family: 'IPv6' })).toEqual([v6])
    expect(await all({})).toHaveLength(2)
    dns.setDefaultResultOrder('ipv4first')
    expect(dns.getDefaultResultOrder()).toBe('ipv4first')
    expect(await ask((d) => d.lookup('both.test'))).toEqual(v4)
    expect(await settled(promisify(dns.lookup)('both.test', 6))).toEqual(v6)
    first.add('A', 'only4.test', '192.0.2.4')
    const mapped = await ask((d) => d.lookup('only4.test', { family: 6, hints: nodeDns.V4MAPPED }))
    expect(mapped).toEqual({ address: '::ffff:192.0.2.4', family: 6 })
  })
})
