import { type Layout, layoutOf, putWord, word } from './layout.ts'

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMPV6 = 58

/**
 * Puts right every checksum that can be found, in place: what was changed then gets past the door.
 * @param ip where IP starts in `bytes`
 */
export function mendChecksums(bytes: Uint8Array, ip: number): void {
  const layout = layoutOf(bytes, ip)
  if (layout.version === 4) mendIpv4(bytes, ip)
  const { upper, upperEnd, protocol } = layout
  const place = checksumPlace(protocol)
  if (upper < 0 || place < 0 || upperEnd - upper < place + 2) return
  putWord(bytes, upper + place, 0)
  const start = protocol === ICMP ? 0 : pseudoSum(bytes, layout)
  const sum = fold(sumOf(bytes, upper, upperEnd, start))
  putWord(bytes, upper + place, protocol === UDP && sum === 0 ? 0xffff : sum)
}

function mendIpv4(bytes: Uint8Array, ip: number): void {
  const headerLength = (bytes[ip] & 15) * 4
  if (headerLength < 20 || ip + headerLength > bytes.length) return
  putWord(bytes, ip + 10, 0)
  putWord(bytes, ip + 10, fold(sumOf(bytes, ip, ip + headerLength, 0)))
}

/** Where in its header a transport has its checksum; -1 for one that has none that is known. */
export function checksumPlace(protocol: number): number {
  if (protocol === TCP) return 16
  if (protocol === UDP) return 6
  return protocol === ICMP || protocol === ICMPV6 ? 2 : -1
}

function pseudoSum(bytes: Uint8Array, { ip, version, protocol, upper, upperEnd }: Layout): number {
  const addresses = version === 4 ? sumOf(bytes, ip + 12, ip + 20, 0) : sumOf(bytes, ip + 8, ip + 40, 0)
  return addresses + protocol + upperEnd - upper
}

function sumOf(bytes: Uint8Array, from: number, to: number, start: number): number {
  let sum = start
  let at = from
  for (; at + 1 < to; at += 2) sum += word(bytes, at)
  return at < to ? sum + (bytes[at] << 8) : sum
}

function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}
