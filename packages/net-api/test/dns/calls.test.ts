import { AsyncLocalStorage } from 'node:async_hooks'
import * as nodeDns from 'node:dns'
import { promisify } from 'node:util'
import { createDns, createNet, type TapwireDns } from '@tapwire/net-api'
import { VirtualClock } from '@tapwire/stack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, away, begin, clock, dns, end, first, home, second, settled } from './two-servers.ts'

describe('createDns', () => {
  beforeEach(() => begin(new VirtualClock()))
  afterEach(end)

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
