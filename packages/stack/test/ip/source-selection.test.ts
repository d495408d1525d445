import { describe, expect, it } from 'vitest'
import { requireAddress } from '../../src/ip/address-text.ts'
import { sortDestinations } from '../../src/ip/destination-selection.ts'
import { AddressState, InterfaceAddress } from '../../src/ip/link-port.ts'
import {
  commonPrefixLength,
  labelOf,
  precedenceOf,
  scopeOf,
  selectSource,
} from '../../src/ip/source-selection.ts'
import { hostWithDevice, textOf } from '../support/ip-host.ts'

const at = (text: string) => requireAddress(text)

function own(text: string, state: AddressState = AddressState.Preferred): InterfaceAddress {
  const [address, length] = text.split('/')
  return new InterfaceAddress(at(address), Number(length), state)
}

function choose(remote: string, candidates: InterfaceAddress[], nextHop = remote): string | null {
  const chosen = selectSource(candidates, at(remote), at(nextHop))
  // The order of candidates decides between equals only.
  const reversed = selectSource([...candidates].reverse(), at(remote), at(nextHop))
  expect(chosen === null ? null : textOf(chosen)).toBe(reversed === null ? null : textOf(reversed))
  return chosen === null ? null : textOf(chosen)
}

const text = (value: string) => textOf(at(value))

describe('RFC 6724 section 5', () => {
  it.each([
    ['rule 1, same address', '2001:db8:1::1', ['2001:db8:1::1/64', '2001:db8:2::1/64'], '2001:db8:1::1'],
    ['rule 2, global for global', '2001:db8:1::1', ['2001:db8:3::1/64', 'fe80::1/64'], '2001:db8:3::1'],
    ['rule 2, global for a site group', 'ff05::1', ['2001:db8:3::1/64', 'fe80::1/64'], '2001:db8:3::1'],
    ['rule 2, link-local for link-local', 'fe80::9', ['2001:db8:2::1/64', 'fe80::1/64'], 'fe80::1'],
    [
      'rule 6, matching label',
      '2002:c633:6401::1',
      ['2002:c633:6401::d5e3:1/64', '2001:db8:1::2/64'],
      '2002:c633:6401::d5e3:1',
    ],
    [
      'rule 6, a global one for a unique local one',
      'fd00:9::1',
      ['fd00:1::1/64', '2001:db8::1/64'],
      'fd00:1::1',
    ],
    [
      'rule 8, longest prefix',
      '2001:db8:1::1',
      ['2001:db8:1:9::2/48', '2001:db8:3::2/64'],
      '2001:db8:1:9::2',
    ],
    ['SEL-05, IPv4 link-local last', '8.8.8.8', ['169.254.1.1/16', '10.0.0.1/24'], '10.0.0.1'],
    ['rule 8 in IPv4', '10.1.2.9', ['10.1.2.3/24', '10.9.0.1/16'], '10.1.2.3'],
  ])('SEL-01: %s', (_, remote, candidates, expected) => {
    expect(
      choose(
        remote,
        candidates.map((candidate) => own(candidate)),
      ),
    ).toBe(text(expected))
  })

  it('SEL-01: rule 8 counts no more bits than the source’s own prefix has', () => {
    const candidates = [own('2001:db8:1:1::1/32'), own('2001:db8:1:2::1/32')]
    const chosen = selectSource(candidates, at('2001:db8:1:2::99'), at('fe80::1'))
    expect(chosen).toBe(candidates[0].address)
  })

  it('SEL-01: rule 3, an address still being checked counts as deprecated', () => {
    expect(choose('10.0.0.9', [own('10.0.0.1/24', AddressState.Optimistic), own('10.0.0.2/24')])).toBe(
      '10.0.0.2',
    )
    expect(choose('10.0.0.9', [own('10.0.0.1/24', AddressState.Optimistic)])).toBe('10.0.0.1')
  })

  it('SEL-01: rule 5.5, an address of the next hop’s prefix', () => {
    const candidates = [own('10.1.0.2/24'), own('10.2.0.2/24')]
    expect(choose('8.8.8.8', candidates, '10.2.0.1')).toBe('10.2.0.2')
  })

  it('SEL-04: tentative and duplicate ones are no candidates, nor those of the other version', () => {
    const candidates = [
      own('10.0.0.1/24', AddressState.Tentative),
      own('10.0.0.2/24', AddressState.Duplicate),
      own('fd00::1/64'),
    ]
    expect(choose('10.0.0.9', candidates)).toBe(null)
  })

  it.each([
    ['::1', 50, 0],
    ['2001:db8::1', 40, 1],
    ['10.0.0.1', 35, 4],
    ['2002::1', 30, 2],
    ['2001::1', 5, 5],
    ['fd00::1', 3, 13],
    ['fec0::1', 1, 11],
    ['3ffe::1', 1, 12],
    ['::2', 1, 3],
  ])('SEL-03: %s has precedence %i and label %i', (address, precedence, label) => {
    expect([precedenceOf(at(address)), labelOf(at(address))]).toEqual([precedence, label])
  })

  it.each([
    ['127.0.0.1', 2],
    ['169.254.3.4', 2],
    ['192.168.0.1', 14],
    ['fe80::1', 2],
    ['fec0::1', 5],
    ['fd00::1', 14],
    ['ff05::1', 5],
  ])('SEL-05: the scope of %s is %i', (address, scope) => {
    expect(scopeOf(at(address))).toBe(scope)
  })

  it('common prefixes are counted over all words', () => {
    expect(commonPrefixLength(at('fd00::1'), at('fd00::1'))).toBe(128)
    expect(commonPrefixLength(at('fd00::1'), at('fd00::2'))).toBe(126)
    expect(commonPrefixLength(at('fd00::'), at('fd00:0:0:8000::'))).toBe(48)
    expect(commonPrefixLength(at('10.0.0.0'), at('10.0.0.128'))).toBe(120)
  })
})

describe('RFC 6724 section 6', () => {
  /** The order in which destinations come out, whichever way round they went in. */
  function order(destinations: string[], sources: InterfaceAddress[]): string[] {
    const candidates = destinations.map((destination) => {
      const chosen = selectSource(sources, at(destination), at(destination))
      return { address: at(destination), source: sources.find(({ address }) => address === chosen) ?? null }
    })
    const sorted = sortDestinations(candidates).map(textOf)
    expect(sortDestinations([...candidates].reverse()).map(textOf)).toEqual(sorted)
    return sorted
  }

  it.each([
    [
      'rule 1, what cannot be reached last',
      ['10.0.0.9/24', 'fe80::1/64'],
      ['10.1.2.3', '2001:db8::1'],
      ['2001:db8::1', '10.1.2.3'],
      4,
    ],
    [
      'rule 2, matching scope',
      ['2001:db8:1::2/64', 'fe80::1/64', '169.254.13.78/16'],
      ['2001:db8:1::1', '198.51.100.121'],
      null,
      0,
    ],
    ['rule 2, for IPv4', ['fe80::1/64', '198.51.100.117/24'], ['198.51.100.121', '2001:db8:1::1'], null, 0],
    [
      'rule 5, matching label',
      ['2002:c633:6401::2/64', 'fe80::2/64'],
      ['2002:c633:6401::1', '2001:db8:1::1'],
      null,
      0,
    ],
    [
      'rule 6, higher precedence',
      ['2001:db8:1::2/64', 'fe80::1/64', '10.1.2.4/24'],
      ['2001:db8:1::1', '10.1.2.3'],
      null,
      0,
    ],
    [
      'rule 6, native before 6to4',
      ['2002:c633:6401::2/64', '2001:db8:1::2/64', 'fe80::2/64'],
      ['2001:db8:1::1', '2002:c633:6401::1'],
      null,
      0,
    ],
    ['rule 8, smaller scope', ['2001:db8:1::2/64', 'fe80::2/64'], ['fe80::1', '2001:db8:1::1'], null, 0],
    [
      'rule 9, longest matching prefix',
      ['2001:db8:1::2/64', '2001:db8:3f44::2/64', 'fe80::2/64'],
      ['2001:db8:1::1', '2001:db8:3ffe::1'],
      null,
      0,
    ],
  ])('SEL-02, N8504-06: %s', (_, sources, expected, instead, without) => {
    const usable = sources.map((source) => own(source)).filter(({ address }) => address.family !== without)
    expect(order(expected, usable)).toEqual((instead ?? expected).map(text))
  })

  it('SEL-02: rule 3, an address that is still being checked last', () => {
    const sources = [own('2001:db8:1::2/64', AddressState.Optimistic), own('10.1.2.4/24')]
    expect(order(['10.1.2.3', '2001:db8:1::1'], sources)).toEqual(['10.1.2.3', '2001:db8:1::1'].map(text))
  })

  it('SEL-02: rule 10, equals stay as they were', () => {
    const source = own('10.1.2.4/24')
    const given = ['10.9.0.1', '10.9.0.2', '10.9.0.3'].map((name) => ({ address: at(name), source }))
    expect(sortDestinations(given).map(textOf)).toEqual(['10.9.0.1', '10.9.0.2', '10.9.0.3'])
  })

  it('SEL-02: the router knows the sources, and what it has no way to', () => {
    const { host } = hostWithDevice()
    const given = ['8.8.8.8', '2001:db8::1', '10.0.0.7', 'fd00::7', '127.0.0.1', '::1'].map(at)
    expect(host.internet.router.sortDestinations(given).map(textOf)).toEqual(
      ['::1', '127.0.0.1', '10.0.0.7', 'fd00::7', '8.8.8.8', '2001:db8::1'].map(text),
    )
  })
})
