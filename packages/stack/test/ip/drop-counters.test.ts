import { expect, it } from 'vitest'
import { HOST4, HOST6, hostWithDevice, PEER4, PEER6 } from '../support/ip-host.ts'
import { fragment6, ip4, ip6, pattern } from '../support/packets.ts'

const data = pattern(20)

/** A packet for each reason to drop one, and the counter that says so. */
const CASES: readonly (readonly [string, Uint8Array])[] = [
  ['droppedShort', ip4(PEER4, HOST4, 99, []).subarray(0, 19)],
  ['droppedShort', ip6(PEER6, HOST6, 99, []).subarray(0, 39)],
  ['droppedHeaderLength', ip4(PEER4, HOST4, 99, data, { ihl: 4 })],
  ['droppedTotalLength', ip4(PEER4, HOST4, 99, data, { totalLength: 41 })],
  ['droppedTotalLength', ip6(PEER6, HOST6, 99, data, { payloadLength: 21 })],
  ['droppedHeaderChecksum', ip4(PEER4, HOST4, 99, data, { badChecksum: true })],
  ['droppedNotOurs', ip4(PEER4, '10.0.0.9', 99, data)],
  ['droppedNotOurs', ip6(PEER6, 'fd00::9', 99, data)],
  ['droppedNotOurs', ip4(PEER4, '224.1.2.3', 99, data)],
  ['droppedMartianSource', ip4('127.0.0.1', HOST4, 99, data)],
  ['droppedMartianSource', ip4('10.0.0.255', HOST4, 99, data)],
  ['droppedMartianSource', ip4('224.0.0.1', HOST4, 99, data)],
  ['droppedMartianSource', ip6('ff02::1', HOST6, 99, data)],
  ['droppedMartianDestination', ip4(PEER4, '127.0.0.1', 99, data)],
  ['droppedMartianDestination', ip6(PEER6, '::1', 99, data)],
  ['droppedOwnSource', ip4(HOST4, HOST4, 99, data)],
  ['droppedOwnSource', ip6(HOST6, HOST6, 99, data)],
  ['droppedOptions', ip4(PEER4, HOST4, 99, data, { options: [7, 1, 0, 0] })],
  ['droppedSourceRoute', ip4(PEER4, HOST4, 99, data, { options: [131, 3, 4, 0] })],
  ['droppedExtensionHeader', ip6(PEER6, HOST6, 60, [59, 1, 1, 4, 0, 0, 0, 0])],
  ['droppedProtocol', ip4(PEER4, HOST4, 99, data)],
  ['droppedProtocol', ip6(PEER6, HOST6, 99, data)],
  ['droppedFragmentInvalid', ip4(PEER4, HOST4, 99, data, { more: true })],
  ['droppedFragmentInvalid', ip6(PEER6, HOST6, 44, [...fragment6(99, 0, true, 1), ...data])],
]

it.each(CASES)('IP-18, MART-03: what is dropped counts once, as %s', (counter, packet) => {
  const { host, device } = hostWithDevice()
  for (const times of [1, 2]) {
    host.inject(device, packet)
    const risen = Object.entries(host.counters).filter(([name, value]) => /^dropped/.test(name) && value > 0)
    expect(risen).toEqual([[counter, times]])
  }
  expect(host.counters.delivered).toBe(0)
})

it('IP-18: every counter of dropped packets has its case here, or needs more than one packet', () => {
  const { host } = hostWithDevice()
  const named = new Set(CASES.map(([counter]) => counter))
  const others = Object.keys(host.counters).filter((name) => /^dropped/.test(name) && !named.has(name))
  // The version and the link's broadcast are what the link says; see ipv4/input.test.ts (IP-01, IP-10).
  expect(others).toEqual(['droppedVersion', 'droppedLinkBroadcast'])
})
