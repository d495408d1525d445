import * as nodeDns from 'node:dns'
import { createDns, type TapwireDns } from '@tapwire/net-api'
import { createCable, SeededRandom, Stack, type VirtualClock } from '@tapwire/stack'
import type * as packet from 'dns-packet'
import { NameServer } from '../support/name-server.ts'

export const soa = (name: string, minimum: number): packet.Answer => ({
  type: 'SOA',
  name,
  ttl: 3600,
  data: { mname: 'ns.test', rname: 'host.test', serial: 1, refresh: 2, retry: 3, expire: 4, minimum },
})

export let clock: VirtualClock
export let home: Stack
export let away: Stack
export let first: NameServer
export let second: NameServer
export let dns: TapwireDns

/** Before each test: a host that knows two name servers on another one, at both versions of IP. */
export function begin(time: VirtualClock): void {
  clock = time
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
}

export async function end(): Promise<void> {
  await home.close()
  await away.close()
}

/** Lets virtual time pass until the promise settles. */
export async function settled<T>(work: Promise<T>): Promise<T> {
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
export const ask = <T>(use: (dns: typeof promises) => Promise<T>): Promise<T> => settled(use(dns.promises))
