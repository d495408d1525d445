import { parseAddress, requirePrefix } from '@tapwire/stack'
import { usageFailure } from '../failure.ts'
import type { Packet } from './packet.ts'

/** Whether a packet is wanted. */
export type Filter = (packet: Packet) => boolean

export const FILTER_HELP = `A filter is words: host ADDRESS, net ADDRESS/LENGTH, port N (each may follow src or dst), tcp, udp, icmp, icmp6,
arp, ip, ip6, in, out, odd (something is noted), joined by and (which may be left out), or, not, ( and ).`

const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  tcp: ['tcp'],
  udp: ['udp'],
  icmp: ['icmp', 'icmp6'],
  icmp6: ['icmp6'],
  arp: ['arp'],
}

/** Reads the words of a filter; none let everything through. @throws Failure that says which word is wrong */
export function parseFilter(words: readonly string[]): Filter {
  const tokens = words.flatMap((word) => word.match(/[()]|[^\s()]+/g) ?? [])
  if (tokens.length === 0) return () => true
  return new FilterParser(tokens).whole()
}

type Side = 'src' | 'dst' | null

class FilterParser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  whole(): Filter {
    const filter = this.#any()
    if (this.#at < this.#tokens.length) throw usageFailure(`the filter has a ')' too many`)
    return filter
  }

  get #next(): string | null {
    return this.#tokens[this.#at] ?? null
  }

  #any(): Filter {
    const filters = [this.#all()]
    while (this.#next === 'or') {
      this.#at++
      filters.push(this.#all())
    }
    return filters.length === 1 ? filters[0] : (packet) => filters.some((filter) => filter(packet))
  }

  #all(): Filter {
    const filters = [this.#one()]
    while (this.#next !== null && this.#next !== 'or' && this.#next !== ')') {
      if (this.#next === 'and') this.#at++
      filters.push(this.#one())
    }
    return filters.length === 1 ? filters[0] : (packet) => filters.every((filter) => filter(packet))
  }

  #one(): Filter {
    const word = this.#take('something to look for')
    if (word === 'not') {
      const inner = this.#one()
      return (packet) => !inner(packet)
    }
    if (word === '(') {
      const inner = this.#any()
      if (this.#take("a ')'") !== ')') throw usageFailure("the filter lacks a ')'")
      return inner
    }
    if (word === 'src' || word === 'dst')
      return this.#addressed(this.#take(`host, net or port after ${word}`), word)
    return this.#addressed(word, null)
  }

  #addressed(word: string, side: Side): Filter {
    if (word === 'host') return hostFilter(this.#take('an address after host'), side)
    if (word === 'net') return netFilter(this.#take('a network after net, such as 10.77.0.0/24'), side)
    if (word === 'port') return portFilter(this.#take('a number after port'), side)
    if (side !== null)
      throw usageFailure(`in the filter, after ${side} comes host, net or port, and not '${word}'`)
    if (Object.hasOwn(PROTOCOLS, word)) return ({ protocol }) => PROTOCOLS[word].includes(protocol)
    if (word === 'ip') return ({ ip }) => ip?.source.length === 4
    if (word === 'ip6') return ({ ip }) => ip?.source.length === 16
    if (word === 'in' || word === 'out') return ({ direction }) => direction === word
    if (word === 'odd') return ({ notes }) => notes.length > 0
    throw usageFailure(
      `the filter has no word '${word}'; there are host, net, port, src, dst, tcp, udp, icmp, icmp6, arp, ip, ip6, in, out, odd, and, or, not`,
    )
  }

  #take(what: string): string {
    const word = this.#next
    if (word === null) throw usageFailure(`the filter ends where ${what} is wanted`)
    this.#at++
    return word
  }
}

/** Looks at one end, or at both. */
function ends<T>(pair: readonly [T, T], side: Side, is: (end: T) => boolean): boolean {
  return (side !== 'dst' && is(pair[0])) || (side !== 'src' && is(pair[1]))
}

function addressesOf({ ip, frame }: Packet): readonly [Uint8Array, Uint8Array] | null {
  if (ip !== null) return [ip.source, ip.destination]
  return frame.arp === undefined ? null : [frame.arp.senderIp, frame.arp.targetIp]
}

function hostFilter(text: string, side: Side): Filter {
  const address = parseAddress(text)
  if (address === null) throw usageFailure(`in the filter, '${text}' is no IPv4 or IPv6 address`)
  return prefixFilter(address.toBytes(), address.isV4 ? 32 : 128, side)
}

function netFilter(text: string, side: Side): Filter {
  const { address, length } = requirePrefix(text)
  return prefixFilter(address.toBytes(), length, side)
}

function prefixFilter(bytes: Uint8Array, length: number, side: Side): Filter {
  const masks = Array.from(bytes, (_, at) => 0xff & (0xff << Math.min(8, Math.max(0, 8 * (at + 1) - length))))
  const is = (end: Uint8Array): boolean =>
    end.length === bytes.length && masks.every((mask, at) => ((end[at] ^ bytes[at]) & mask) === 0)
  return (packet) => {
    const pair = addressesOf(packet)
    return pair !== null && ends(pair, side, is)
  }
}

function portFilter(text: string, side: Side): Filter {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw usageFailure(`in the filter, '${text}' is no port`)
  return ({ ports }) => ports !== null && ends(ports, side, (end) => end === port)
}
