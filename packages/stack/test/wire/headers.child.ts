/** Writes and reads back segments and tells, as JSON, what that cost in garbage. */

import { checkEthernetHeader, ethernetType, writeEthernetHeader } from '../../src/wire/ethernet.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'
import { Ipv6Chain, walkIpv6 } from '../../src/wire/ipv6-extension.ts'
import { addressSum6, transportChecksum, transportChecksumValid } from '../../src/wire/pseudo-header.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { culpritsOf, type Garbage, garbageOf } from '../garbage.ts'

export interface Order {
  readonly six: boolean
  /** To be counted; twice as many before that are not. */
  readonly segments: number
  /** Makes an object for every so many segments, to see whether the measure does; 0 for never. */
  readonly litterOneIn: number
}

export interface Cost extends Garbage {
  /** Segments that were read back. */
  readonly good: number
  readonly culprits: readonly string[]
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

const kept = new Array<object>(16)

/** So many at a time: a function that is called often is compiled as a whole, and then no more. */
const ROW = 1000

function row(order: Order): number {
  let good = 0
  for (let i = 1; i <= ROW; i++) {
    if (segment(i, order.six) !== 0) good++
    if (order.litterOneIn > 0 && i % order.litterOneIn === 0) kept[i & 15] = { i }
  }
  return good
}

async function measure(order: Order): Promise<Cost> {
  const rows = order.segments / ROW
  for (let i = 0; i < 2 * rows; i++) row(order)
  let good = 0
  const garbage = await garbageOf(() => {
    for (let i = 0; i < rows; i++) good += row(order)
  })
  const culprits = culpritsOf(() => {
    for (let i = 0; i < rows; i++) row(order)
    return order.segments
  })
  return { ...garbage, good, culprits }
}

const [, , text = '{}'] = process.argv
console.log(JSON.stringify(await measure(JSON.parse(text) as Order)))
