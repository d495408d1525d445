import { randomBelow, type SeededRandom } from '../../src/core/random.ts'

/** Where the layers of a packet lie, as far as it tells. */
export class Layout {
  /** Where IP starts, and where the frame ends. */
  ip = 0
  end = 0
  /** Where the transport starts, or -1; where it ends by IP's own length, if that is inside the frame. */
  upper = -1
  upperEnd = 0
  protocol = 0
  version = 0
}

/** Follows the headers without trusting them. A fragment has no transport. */
export function locate(layout: Layout, view: DataView, ip: number, end: number): void {
  layout.ip = ip
  layout.end = end
  layout.upper = -1
  layout.version = end > ip ? view.getUint8(ip) >>> 4 : 0
  if (layout.version === 4 && end - ip >= 20) locate4(layout, view)
  else if (layout.version === 6 && end - ip >= 40) locate6(layout, view)
}

function locate4(layout: Layout, view: DataView): void {
  const { ip, end } = layout
  const headerLength = (view.getUint8(ip) & 15) * 4
  if (headerLength < 20 || ip + headerLength > end) return
  layout.protocol = view.getUint8(ip + 9)
  layout.upperEnd = Math.min(end, ip + view.getUint16(ip + 2))
  if ((view.getUint16(ip + 6) & 0x3fff) === 0) layout.upper = ip + headerLength
}

function locate6(layout: Layout, view: DataView): void {
  const { ip, end } = layout
  layout.upperEnd = Math.min(end, ip + 40 + view.getUint16(ip + 4))
  let next = view.getUint8(ip + 6)
  let at = ip + 40
  for (let i = 0; i < 8 && (next === 0 || next === 43 || next === 60); i++) {
    if (at + 8 > layout.upperEnd) return
    next = view.getUint8(at)
    at += (view.getUint8(at + 1) + 1) * 8
  }
  layout.protocol = next
  if (next !== 44 && at <= layout.upperEnd) layout.upper = at
}

/** Puts every checksum right again that can be found, so that what was changed gets past the door. */
export function mend(layout: Layout, view: DataView): void {
  const { ip, end } = layout
  if (layout.version === 4 && end - ip >= 20) {
    const headerLength = (view.getUint8(ip) & 15) * 4
    if (headerLength >= 20 && ip + headerLength <= end) {
      view.setUint16(ip + 10, 0)
      view.setUint16(ip + 10, fold(sum(view, ip, headerLength, 0)))
    }
  }
  const { upper, upperEnd, protocol } = layout
  if (upper < 0) return
  const place = checksumPlace(protocol)
  const length = upperEnd - upper
  if (place < 0 || length < place + 2) return
  view.setUint16(upper + place, 0)
  const result = fold(sum(view, upper, length, protocol === 1 ? 0 : pseudo(layout, view, length)))
  view.setUint16(upper + place, protocol === 17 && result === 0 ? 0xffff : result)
}

function checksumPlace(protocol: number): number {
  if (protocol === 6) return 16
  if (protocol === 17) return 6
  return protocol === 1 || protocol === 58 ? 2 : -1
}

function pseudo(layout: Layout, view: DataView, length: number): number {
  const addresses = layout.version === 4 ? sum(view, layout.ip + 12, 8, 0) : sum(view, layout.ip + 8, 32, 0)
  return addresses + layout.protocol + length
}

function sum(view: DataView, at: number, length: number, start: number): number {
  let total = start
  const even = at + (length & ~1)
  for (let i = at; i < even; i += 2) total += view.getUint16(i)
  return (length & 1) === 1 ? total + (view.getUint8(even) << 8) : total
}

function fold(total: number): number {
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000)
  return ~total & 0xffff
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff]

/** Damages a frame that lies from `from` on, somewhere. @returns where it now ends */
export function mutate(
  random: SeededRandom,
  view: DataView,
  from: number,
  layout: Layout,
  slack: number,
): number {
  const { end } = layout
  if (end === from) return end
  switch (randomBelow(random, 8)) {
    case 0: {
      const at = from + randomBelow(random, end - from)
      view.setUint8(at, view.getUint8(at) ^ (1 << randomBelow(random, 8)))
      return end
    }
    case 1:
      view.setUint8(from + randomBelow(random, end - from), EDGES[randomBelow(random, EDGES.length)])
      return end
    case 2:
      // Headers are where it hurts.
      view.setUint8(from + randomBelow(random, Math.min(80, end - from)), random.uint32() & 255)
      return end
    case 3:
      return from + randomBelow(random, end - from + 1)
    case 4:
      return end + randomBelow(random, slack)
    case 5:
      lieAboutIp(random, view, layout)
      return end
    default:
      lieAboutTransport(random, view, layout)
      return end
  }
}

/** A length or fragment field says something else. */
function lieAboutIp(random: SeededRandom, view: DataView, layout: Layout): void {
  const { ip, end, version } = layout
  if (version === 4 && end - ip >= 20) {
    const which = randomBelow(random, 4)
    if (which === 0) view.setUint16(ip + 2, lie(random, end - ip))
    else if (which === 1) view.setUint8(ip, 0x40 | randomBelow(random, 16))
    else if (which === 2) view.setUint16(ip + 6, random.uint32() & 0xffff)
    else view.setUint8(ip + 8, randomBelow(random, 3))
  } else if (version === 6 && end - ip >= 48) {
    const which = randomBelow(random, 4)
    if (which === 0) view.setUint16(ip + 4, lie(random, end - ip - 40))
    else if (which === 1) view.setUint8(ip + 41, randomBelow(random, 6))
    else if (which === 2) view.setUint16(ip + 42, random.uint32() & 0xffff)
    else view.setUint8(ip + 7, randomBelow(random, 3))
  }
}

function lieAboutTransport(random: SeededRandom, view: DataView, layout: Layout): void {
  const { upper, end, protocol } = layout
  if (upper < 0) return
  if (protocol === 6 && end - upper >= 20) lieAboutSegment(random, view, upper, end)
  else if (protocol === 17 && end - upper >= 8) view.setUint16(upper + 4, lie(random, end - upper))
  else if (end - upper >= 8) {
    // The kind of message, or something in the quoted packet or the options of neighbour discovery.
    const which = randomBelow(random, 3)
    if (which === 0) view.setUint8(upper, random.uint32() & 255)
    else if (which === 1) view.setUint8(upper + 1, randomBelow(random, 16))
    else view.setUint8(upper + randomBelow(random, end - upper), random.uint32() & 255)
  }
}

function lieAboutSegment(random: SeededRandom, view: DataView, upper: number, end: number): void {
  switch (randomBelow(random, 6)) {
    case 0:
      view.setUint8(upper + 12, random.uint32() & 255)
      return
    case 1:
      view.setUint8(upper + 13, random.uint32() & 255)
      return
    case 2:
      view.setUint16(upper + 14, lie(random, 65_535))
      return
    case 3:
      view.setUint32(upper + 4, (view.getUint32(upper + 4) + nudge(random)) >>> 0)
      return
    case 4:
      view.setUint32(upper + 8, (view.getUint32(upper + 8) + nudge(random)) >>> 0)
      return
    default:
      if (end - upper > 20)
        view.setUint8(upper + 20 + randomBelow(random, Math.min(40, end - upper - 20)), random.uint32() & 31)
  }
}

/** A length that is a little, or altogether, wrong. */
function lie(random: SeededRandom, truth: number): number {
  const which = randomBelow(random, 5)
  if (which === 0) return 0
  if (which === 1) return 0xffff
  if (which === 2) return random.uint32() & 0xffff
  return (truth + randomBelow(random, 17) - 8) & 0xffff
}

/** How far a sequence number is moved: mostly within a window, sometimes anywhere. */
export function nudge(random: SeededRandom): number {
  const which = randomBelow(random, 6)
  if (which === 0) return random.uint32() | 0
  if (which === 1) return 0x7fff_ffff + randomBelow(random, 3)
  if (which === 2) return randomBelow(random, 3) - 1
  return randomBelow(random, 8192) - 4096
}
