import { AsyncLocalStorage } from 'node:async_hooks'
import * as nodeDns from 'node:dns'
import { promisify } from 'node:util'
import { createDns, createNet, type TapwireDns } from '@tapwire/net-api'
import { createCable, parseAddress, requirePrefix, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import * as packet from 'dns-packet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, NameServer } from './support/name-server.ts'

const soa = (name: string, minimum: number): packet.Answer => ({
  type: 'SOA',
  name,
  ttl: 3600,
  data: { mname: 'ns.test', rname: 'host.test', serial: 1, refresh: 2, retry: 3, expire: 4, minimum },
})

describe('createDns', () => {
  let clock: VirtualClock
  let home: Stack
  let away: Stack
  let first: NameServer
  let second: NameServer
  let dns: TapwireDns

  beforeEach(() => {
    clock = new VirtualClock()
    home = new Stack({
      clock,
      random: new SeededRandom(1),
      names: {
        nameServers: ['10.9.0.1', '[fd09::1]:5353'],
        hosts: { printer: '10.9.0.9', Both: ['10.9.0.8', 'fd09::8'] },
        searchDomains: ['corp.test'],
      },
    })
    away = new Stack({ clock, random: new SeededRandom(2) })
    const [a, b] = createCable({ clock })
    home.addInterface(a, { addresses: ['10.9.0.2/24', 'fd09::2/64'] })
    away.addInterface(b, { addresses: ['10.9.0.1/24', 'fd09::1/64'] })
    first = new NameServer(away, '10.9.0.1')
    second = new NameServer(away, 'fd09::1', 5353)
    dns = createDns(home)
    // The addresses have been checked for conflicts then.
    clock.advance(2000)
  })

  afterEach(async () => {
    await home.close()
    await away.close()
  })

  /** Lets virtual time pass until the promise settles. */
  async function settled<T>(work: Promise<T>): Promise<T> {
    let done = false
    const over = (): void => {
      done = true
    }
    work.then(over, over)
    for (let i = 0; !done && i < 10_000; i++) {
      clock.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return work
  }

  const { promises } = nodeDns
  const ask = <T>(use: (dns: typeof promises) => Promise<T>): Promise<T> => settled(use(dns.promises))

  it('has every name that Node has', () => {
    for (const name of Object.keys(nodeDns)) expect(dns, name).toHaveProperty(name)
    for (const name of Object.keys(nodeDns.promises)) expect(dns.promises, name).toHaveProperty(name)
    const own = [
      'lookup',
      'lookupService',
      'resolve',
      'reverse',
      'Resolver',
      'setServers',
      'resolve4',
    ] as const
    const node: Readonly<Record<string, unknown>> = nodeDns
    for (const name of own) expect(dns[name], name).not.toBe(node[name])
  })

  it('DNS-01 sends one question with a random id that wants recursion, with EDNS0 (DNS-09)', async () => {
    first.add('A', 'one.test', '192.0.2.1')
    expect(await ask((d) => d.resolve4('one.test'))).toEqual(['192.0.2.1'])
    expect(first.asked).toMatchObject([
      { over: 'udp', name: 'one.test', type: 'A', edns: true, recursion: true },
    ])
  })

  it('N8504-05 resolves every type in the shape of Node', async () => {
    first.add('AAAA', 'x.test', 'fd00::1')
    first.add('CNAME', 'x.test', 'y.test')
    first.add('NS', 'x.test', 'ns1.test', 'ns2.test')
    first.add('PTR', 'x.test', 'a.test')
    first.add('TXT', 'x.test', ['one', 'two'], 'three')
    first.add('MX', 'x.test', { preference: 10, exchange: 'mail.test' })
    first.add('SRV', 'x.test', { priority: 1, weight: 2, port: 3, target: 's.test' })
    first.zone.set('SOA x.test', { answers: [soa('x.test', 5)] })
    first.add('CAA', 'x.test', { flags: 128, tag: 'issue', value: 'ca.test' })
    const naptr = { order: 1, preference: 2, flags: 's', services: 'SIP', regexp: '', replacement: 'r.test' }
    first.add('NAPTR', 'x.test', naptr)
    expect(await ask((d) => d.resolve6('x.test', { ttl: true }))).toEqual([{ address: 'fd00::1', ttl: 60 }])
    expect(await ask((d) => d.resolveCname('x.test'))).toEqual(['y.test'])
    expect(await ask((d) => d.resolveNs('x.test'))).toEqual(['ns1.test', 'ns2.test'])
    expect(await ask((d) => d.resolvePtr('x.test'))).toEqual(['a.test'])
    expect(await ask((d) => d.resolveTxt('x.test'))).toEqual([['one', 'two'], ['three']])
    expect(await ask((d) => d.resolveMx('x.test'))).toEqual([{ exchange: 'mail.test', priority: 10 }])
    expect(await ask((d) => d.resolveSrv('x.test'))).toEqual([
      { name: 's.test', port: 3, priority: 1, weight: 2 },
    ])
    expect(await ask((d) => d.resolveSoa('x.test'))).toEqual({
      nsname: 'ns.test',
      hostmaster: 'host.test',
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minttl: 5,
    })
    expect(await ask((d) => d.resolveCaa('x.test'))).toEqual([{ critical: 128, issue: 'ca.test' }])
    const { services: service, ...rest } = naptr
    expect(await ask((d) => d.resolveNaptr('x.test'))).toEqual([{ ...rest, service }])
    expect(await ask((d) => d.resolve('x.test', 'MX'))).toEqual([{ exchange: 'mail.test', priority: 10 }])
  })

  it('resolves ANY as a list of typed objects', async () => {
    first.zone.set('ANY x.test', {
      answers: [
        { type: 'A', name: 'x.test', ttl: 9, data: '192.0.2.1' },
        { type: 'TXT', name: 'x.test', ttl: 9, data: ['t'] },
        { type: 'NS', name: 'x.test', ttl: 9, data: 'n.test' },
      ],
    })
    expect(await ask((d) => d.resolveAny('x.test'))).toEqual([
      { type: 'A', address: '192.0.2.1', ttl: 9 },
      { type: 'TXT', entries: ['t'] },
      { type: 'NS', value: 'n.test' },
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

  it('tells octets of texts, and the root, as Node does', async () => {
    first.add('TXT', 'x.test', [Buffer.of(0xff, 0x41)])
    first.add('MX', 'x.test', { preference: 0, exchange: '.' })
    expect(await ask((d) => d.resolveTxt('x.test'))).toEqual([['\u00ffA']])
    expect(await ask((d) => d.resolveMx('x.test'))).toEqual([{ exchange: '', priority: 0 }])
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

  it('DNS-06 NXDOMAIN is final, and every failure has its code', async () => {
    await expect(ask((d) => d.resolve4('none.test'))).rejects.toMatchObject({
      code: 'ENOTFOUND',
      syscall: 'queryA',
      hostname: 'none.test',
      errno: undefined,
      message: 'queryA ENOTFOUND none.test',
    })
    expect(second.asked).toEqual([])
    for (const [rcode, code] of [
      ['SERVFAIL', 'ESERVFAIL'],
      ['REFUSED', 'EREFUSED'],
      ['NOTIMP', 'ENOTIMP'],
      ['FORMERR', 'EFORMERR'],
    ] as const) {
      first.zone.set(`MX ${rcode}.test`.replace(rcode, rcode.toLowerCase()), { rcode })
      second.zone.set(`MX ${rcode}.test`.replace(rcode, rcode.toLowerCase()), { rcode })
      await expect(ask((d) => d.resolveMx(`${rcode}.test`))).rejects.toMatchObject({
        code,
        syscall: 'queryMx',
      })
    }
    first.zone.set('A empty.test', { answers: [] })
    await expect(ask((d) => d.resolve4('empty.test'))).rejects.toMatchObject({ code: 'ENODATA' })
    await expect(ask((d) => d.resolve4('a..b'))).rejects.toMatchObject({ code: 'EBADNAME' })
    first.zone.set('A mute.test', null)
    second.zone.set('A mute.test', null)
    const start = clock.now()
    await expect(ask((d) => d.resolve4('mute.test'))).rejects.toMatchObject({ code: 'ETIMEOUT' })
    // Two rounds over two servers, the second with twice the patience.
    expect(clock.now() - start).toBeGreaterThanOrEqual(30e6)
    first.close()
    second.close()
    await expect(ask((d) => d.resolve4('refused.test'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('DNS-07 follows aliases within the answer, and nothing beside them', async () => {
    const alias = (name: string, data: string): packet.Answer => ({ type: 'CNAME', name, ttl: 30, data })
    const a = (name: string, data: string): packet.Answer => ({ type: 'A', name, ttl: 60, data })
    first.zone.set('A start.test', {
      answers: [
        a('other.test', '192.0.2.66'),
        alias('start.test', 'B.test'),
        alias('b.test', 'c.test'),
        a('C.TEST', '192.0.2.1'),
      ],
    })
    expect(await ask((d) => d.resolve4('start.test'))).toEqual(['192.0.2.1'])
    first.zone.set('A ring.test', {
      answers: [alias('ring.test', 'gnir.test'), alias('gnir.test', 'ring.test')],
    })
    await expect(ask((d) => d.resolve4('ring.test'))).rejects.toMatchObject({ code: 'ENODATA' })
  })

  it('DNS-08 remembers for as long as it was told, that there is nothing as well', async () => {
    first.add('A', 'kept.test', '192.0.2.1')
    first.zone.set('A gone.test', { rcode: 'NXDOMAIN', authorities: [soa('test', 20)] })
    first.zone.set('A now.test', {
      answers: [{ type: 'A', name: 'now.test', ttl: 0x8000_0000, data: '192.0.2.3' }],
    })
    const known = (name: string): Promise<unknown> =>
      ask((d) => d.resolve4(name, { ttl: true }).catch(({ code }) => code))
    const queries = (name: string): number => first.asked.filter((asked) => asked.name === name).length
    for (let i = 0; i < 3; i++) {
      await known('kept.test')
      await known('KEPT.test.')
      expect(await known('gone.test')).toBe('ENOTFOUND')
      await known('now.test')
    }
    expect([queries('kept.test'), queries('gone.test'), queries('now.test')]).toEqual([1, 1, 3])
    clock.advance(21_000)
    expect(await known('kept.test')).toEqual([{ address: '192.0.2.1', ttl: expect.closeTo(38, -0.5) }])
    await known('gone.test')
    expect([queries('kept.test'), queries('gone.test')]).toEqual([1, 2])
    clock.advance(60_000)
    await known('kept.test')
    expect(queries('kept.test')).toBe(2)
  })

  it('EXH-01 remembers so many answers only', async () => {
    const small = createDns(home, { cacheSize: 10 })
    for (let i = 0; i < 30; i++) {
      first.add('A', `m${i}.test`, '192.0.2.1')
      await settled(small.promises.resolve4(`m${i}.test`))
    }
    first.asked.length = 0
    for (let i = 29; i >= 0; i--) await settled(small.promises.resolve4(`m${i}.test`))
    expect(first.asked).toHaveLength(20)
  })

  it('DNS-09 asks without EDNS0 where that puzzles the server', async () => {
    first.zone.set('A old.test', ({ edns }: Asked) =>
      edns ? { rcode: 'FORMERR' } : { answers: [{ type: 'A', name: 'old.test', ttl: 1, data: '192.0.2.1' }] },
    )
    expect(await ask((d) => d.resolve4('old.test'))).toEqual(['192.0.2.1'])
    expect(first.asked.map(({ edns }) => edns)).toEqual([true, false])
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

  it('DNS-11 localhost, entries of hosts and addresses are no question', async () => {
    const all = (name: string): Promise<unknown> => ask((d) => d.lookup(name, { all: true }))
    expect(await all('localhost')).toHaveLength(2)
    expect(await all('app.localhost.')).toHaveLength(2)
    expect(await ask((d) => d.lookup('LOCALHOST', 4))).toEqual({ address: '127.0.0.1', family: 4 })
    expect(await all('PRINTER')).toEqual([{ address: '10.9.0.9', family: 4 }])
    expect(await all('both')).toHaveLength(2)
    expect(await all('192.0.2.9')).toEqual([{ address: '192.0.2.9', family: 4 }])
    expect(await ask((d) => d.reverse('10.9.0.9'))).toEqual(['printer'])
    expect(first.asked).toEqual([])
  })

  it('completes short names with the search list, and tries long ones as they are', async () => {
    first.add('A', 'intra.corp.test', '10.9.0.20')
    first.add('A', 'www.test', '10.9.0.21')
    const address = async (name: string): Promise<string> => (await ask((d) => d.lookup(name, 4))).address
    expect(await address('intra')).toBe('10.9.0.20')
    expect(await address('www.test')).toBe('10.9.0.21')
    await expect(address('intra.')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(first.asked.map(({ name }) => name)).toEqual(['intra.corp.test', 'www.test', 'intra'])
  })

  it('NK-08 lookup fails as that of Node', async () => {
    await expect(ask((d) => d.lookup('none.test'))).rejects.toMatchObject({
      code: 'ENOTFOUND',
      errno: -3008,
      syscall: 'getaddrinfo',
      hostname: 'none.test',
      message: 'getaddrinfo ENOTFOUND none.test',
    })
    first.zone.set('A down.test', { rcode: 'SERVFAIL' })
    second.zone.set('A down.test', { rcode: 'SERVFAIL' })
    await expect(ask((d) => d.lookup('down.test', 4))).rejects.toMatchObject({
      code: 'EAI_AGAIN',
      errno: -3001,
    })
  })

  it('N8504-05 finds the names of an address, of either version', async () => {
    first.add('PTR', '1.2.0.192.in-addr.arpa', 'one.test', 'uno.test')
    const nibbles = `${'0.'.repeat(24)}${'8.b.d.0.1.0.0.2'}.ip6.arpa`.replace('0.0.0.0', '1.0.0.0')
    first.add('PTR', nibbles, 'six.test')
    expect(await ask((d) => d.reverse('192.0.2.1'))).toEqual(['one.test', 'uno.test'])
    expect(await ask((d) => d.reverse('2001:db8::1'))).toEqual(['six.test'])
    expect(await ask((d) => d.lookupService('192.0.2.1', 22))).toEqual({
      hostname: 'one.test',
      service: 'ssh',
    })
    expect(await ask((d) => d.lookupService('192.0.2.2', 4))).toEqual({ hostname: '192.0.2.2', service: '4' })
    await expect(ask((d) => d.reverse('192.0.2.2'))).rejects.toMatchObject({
      code: 'ENOTFOUND',
      syscall: 'getHostByAddr',
      hostname: '192.0.2.2',
    })
    expect(() => dns.reverse('no address', () => {})).toThrow(
      expect.objectContaining({ code: 'EINVAL', errno: -22, message: 'getHostByAddr EINVAL no address' }),
    )
  })

  it('who asks the same at the same time shares the question', async () => {
    first.add('A', 'shared.test', '192.0.2.1')
    await ask((d) =>
      Promise.all([d.resolve4('shared.test'), d.resolve4('Shared.test'), d.lookup('shared.test', 4)]),
    )
    expect(first.asked).toHaveLength(1)
  })

  it('a Resolver has servers of its own, and can be cancelled', async () => {
    second.add('A', 'own.test', '192.0.2.5')
    const resolver = new dns.Resolver({ timeout: 100, tries: 1 })
    resolver.setServers(['[fd09::1]:5353'])
    expect(resolver.getServers()).toEqual(['[fd09::1]:5353'])
    expect(dns.getServers()).toEqual(['10.9.0.1', '[fd09::1]:5353'])
    expect(await settled(promisify(resolver.resolve4.bind(resolver))('own.test'))).toEqual(['192.0.2.5'])
    second.zone.set('A never.test', null)
    const waiting = promisify(resolver.resolve4.bind(resolver))('never.test')
    resolver.cancel()
    await expect(settled(waiting)).rejects.toMatchObject({ code: 'ECANCELLED', syscall: 'queryA' })
    const soon = clock.now()
    await expect(settled(promisify(resolver.resolve4.bind(resolver))('never.test'))).rejects.toMatchObject({
      code: 'ETIMEOUT',
    })
    expect(clock.now() - soon).toBeLessThan(1e6)
    const patient = new dns.promises.Resolver()
    patient.setServers(['[fd09::1]:5353'])
    patient.setLocalAddress('10.9.0.2', 'fd09::2')
    expect(await settled(patient.resolve4('own.test'))).toEqual(['192.0.2.5'])
  })

  it('a question that is cancelled is over, and those of other resolvers are not', async () => {
    first.zone.set('A never.test', null)
    const sockets = (): number => home.udp.size
    const idle = sockets()
    const waiting = promisify(dns.resolve4)('never.test')
    expect(sockets()).toBe(idle + 1)
    const resolver = new dns.Resolver()
    const other = promisify(resolver.resolve4.bind(resolver))('never.test')
    resolver.cancel()
    expect(sockets()).toBe(idle + 1)
    await expect(settled(other)).rejects.toMatchObject({ code: 'ECANCELLED' })
    second.add('A', 'never.test', '192.0.2.1')
    expect(await settled(waiting)).toEqual(['192.0.2.1'])
    expect(sockets()).toBe(idle)
  })

  it('a question ends with the stack', async () => {
    first.zone.set('A never.test', null)
    const start = clock.now()
    const waiting = ask((d) => d.resolve4('never.test'))
    await home.close()
    await expect(waiting).rejects.toMatchObject({ code: 'ECANCELLED' })
    expect(clock.now() - start).toBeLessThan(1e6)
    await expect(ask((d) => d.lookup('later.test'))).rejects.toMatchObject({ code: 'EAI_AGAIN' })
    expect(clock.now() - start).toBeLessThan(1e6)
  })

  it('refuses wrong arguments as Node does', () => {
    const both = (use: (dns: TapwireDns) => unknown): void => {
      const outcome = (from: TapwireDns): unknown => {
        try {
          use(from)
          return 'no error'
        } catch (error) {
          const { code, message, name } = error as NodeJS.ErrnoException
          return { code, message, name }
        }
      }
      expect(outcome(dns)).toEqual(outcome(nodeDns))
    }
    const wrong = <T = never>(value: unknown): T => value as T
    both((d) => d.lookup(wrong(5), () => {}))
    both((d) => d.lookup('x', wrong(undefined), wrong(undefined)))
    both((d) => d.lookup('x', { family: wrong(5) }, () => {}))
    both((d) => d.lookup('x', 5, () => {}))
    both((d) => d.lookup('x', { hints: 1 }, () => {}))
    both((d) => d.lookup('x', { all: wrong(1) }, () => {}))
    both((d) => d.lookup('x', { order: wrong('up') }, () => {}))
    both((d) => d.resolve4(wrong<string>(5), () => {}))
    both((d) => d.resolve4('x', wrong(undefined)))
    both((d) => d.resolve('x', wrong<'A'>('FOO'), () => {}))
    both((d) => d.resolve('x', wrong<'A'>(5), () => {}))
    both((d) => d.setServers(wrong('x')))
    both((d) => d.setServers([wrong(5)]))
    both((d) => d.setServers(['nonsense']))
    both((d) => d.setDefaultResultOrder(wrong('up')))
    both((d) => d.lookupService('x', 1, () => {}))
    both((d) => d.lookupService('1.2.3.4', 70_000, () => {}))
    both((d) => new d.Resolver({ tries: 0 }))
    both((d) => new d.Resolver({ timeout: wrong('a') }))
    expect(() => createDns(home, { nameServers: ['x'] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_IP_ADDRESS' }),
    )
    expect(() => createDns(home, { ndots: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })

  it('keeps the async context, and throws what a callback throws where Node would', async () => {
    first.add('A', 'context.test', '192.0.2.1')
    const storage = new AsyncLocalStorage<string>()
    const seen = await settled(
      new Promise((resolve) => {
        storage.run('kept', () => dns.resolve4('context.test', () => resolve(storage.getStore())))
      }),
    )
    expect(seen).toBe('kept')
  })

  it('net connects by names through the stack that knows them', async () => {
    first.add('A', 'web.corp.test', '10.9.0.1')
    const server = createNet(away).createServer((socket) => socket.end('hello'))
    server.listen(80, '10.9.0.1')
    const socket = createNet(home).connect(80, 'web')
    let text = ''
    socket.on('data', (piece) => {
      text += piece
    })
    await settled(new Promise((resolve) => socket.on('close', resolve)))
    expect(text).toBe('hello')
    expect(first.asked.map(({ name }) => name)).toContain('web.corp.test')
    server.close()
  })
})
