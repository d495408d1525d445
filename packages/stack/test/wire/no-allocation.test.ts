import { expect, it } from 'vitest'
import { checkEthernetHeader, ethernetType, writeEthernetHeader } from '../../src/wire/ethernet.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'
import { Ipv6Chain, walkIpv6 } from '../../src/wire/ipv6-extension.ts'
import { addressSum6, transportChecksum, transportChecksumValid } from '../../src/wire/pseudo-header.ts'
import * as tcp from '../../src/wire/tcp.ts'

const SEGMENTS = 100_000
/** The smallest object takes 16 bytes; one per segment would be 1.6 MB. */
const ALLOWED = SEGMENTS * 4

/** On a busy machine the optimising compiler, a thread of its own, takes its time: the measure waits for it. */
const MOST_ROUNDS = 60

/**
 * The smallest growth of the heap over two runs in a row. A compilation spoils one pair only; a collection can hide what one
 * run has allocated, but not what two have.
 */
function heapGrowth(work: () => void): number {
  let least = Number.POSITIVE_INFINITY
  let previous = Number.POSITIVE_INFINITY
  for (let i = 0; i < MOST_ROUNDS && least >= ALLOWED; i++) {
    const before = process.memoryUsage().heapUsed
    work()
    const grown = process.memoryUsage().heapUsed - before
    const growth = grown >= 0 ? grown : Number.POSITIVE_INFINITY
    least = Math.min(least, Math.max(previous, growth))
    previous = growth
  }
  return least
}

const view = new DataView(new ArrayBuffer(4096))
const options = new tcp.TcpOptions()
const chain = new Ipv6Chain()
const left = Int32Array.of(1, 3)
const right = Int32Array.of(2, 4)
const PAYLOAD = 100

/** Writes and reads back one segment, over IPv4 or IPv6. @returns a number made of what was read */
function segment(i: number, six: boolean): number {
  const ip = 14
  const at = ip + (six ? 40 : 20)
  let end = tcp.writeTimestamps(view, at + 20, i, -i)
  end = tcp.writeSackBlocks(view, end, left, right, 2)
  const header = end - at
  const length = header + PAYLOAD
  tcp.writeTcpHeader(view, at, 1, 2, Math.imul(i, 77_777_777), -i, header, 0x18, 0xffff, 0)
  const addresses = six ? addressSum6(-1, 2, 3, 4, 5, 6, 7, i) : 0
  if (six) ipv6.writeIpv6Header(view, ip, length, 6, 64, -1, 2, 3, 4, 5, 6, 7, i, 0, 0)
  else ipv4.writeIpv4Header(view, ip, 20 + length, i & 0xffff, 0x4000, 64, 6, -5, i, 0)
  const sum = six ? addresses : ipv4.ipv4AddressSum(view, ip)
  tcp.writeTcpChecksum(view, at, transportChecksum(view, at, length, sum, 6))
  writeEthernetHeader(view, 0, 0x0200, i, 0x0200, -i, six ? 0x86dd : 0x0800)
  return read(at + length, six)
}

function read(total: number, six: boolean): number {
  const bad = checkEthernetHeader(view, 0, total)
  const at = 14 + (ethernetType(view, 0) === 0x86dd ? 40 : 20)
  const refused = six
    ? ipv6.checkIpv6Header(view, 14, total - 14) + walkIpv6(view, 14, chain)
    : ipv4.checkIpv4Header(view, 14, total - 14) + ipv4.scanIpv4Options(view, 14)
  const sum = six ? ipv6.ipv6AddressSum(view, 14) : ipv4.ipv4AddressSum(view, 14)
  if (bad + refused + tcp.checkTcpHeader(view, at, total - at) !== 0) return 0
  if (!transportChecksumValid(view, at, total - at, sum, 6)) return 0
  if (!tcp.parseTcpOptions(view, at + 20, tcp.tcpDataOffset(view, at) - 20, options)) return 0
  return (tcp.tcpSeq(view, at) + tcp.tcpAck(view, at) + options.tsVal + options.sackRight[1]) | 0
}

it.each([
  ['IPv4', false],
  ['IPv6', true],
])('writing and reading a segment over %s allocates nothing', (_, six) => {
  let good = 0
  let all = 0
  const growth = heapGrowth(() => {
    all += SEGMENTS
    for (let i = 1; i <= SEGMENTS; i++) if (segment(i, six) !== 0) good++
  })
  // The sum that `read` gives is 0 for a handful of numbers only.
  expect(good).toBeGreaterThan(all * 0.999)
  expect(growth).toBeLessThan(ALLOWED)
})

it('the measure sees an object per segment', () => {
  const kept = new Array<object>(16)
  const growth = heapGrowth(() => {
    for (let i = 0; i < SEGMENTS; i++) kept[i & 15] = { i }
  })
  expect(growth).toBeGreaterThan(ALLOWED)
})
