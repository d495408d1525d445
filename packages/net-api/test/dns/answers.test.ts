import { createDns } from '@tapwire/net-api'
import { VirtualClock } from '@tapwire/stack'
import type * as packet from 'dns-packet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, begin, clock, dns, end, first, home, second, settled, soa } from './two-servers.ts'

describe('createDns', () => {
  beforeEach(() => begin(new VirtualClock()))
  afterEach(end)

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

  it('tells octets of texts, and the root, as Node does', async () => {
    first.add('TXT', 'x.test', [Buffer.of(0xff, 0x41)])
    first.add('MX', 'x.test', { preference: 0, exchange: '.' })
    expect(await ask((d) => d.resolveTxt('x.test'))).toEqual([['\u00ffA']])
    expect(await ask((d) => d.resolveMx('x.test'))).toEqual([{ exchange: '', priority: 0 }])
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
})
