/** TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018, RFC 5482, RFC 7413); MUST-4 wants the first three. */
export const TcpOptionKind = {
  End: 0,
  Nop: 1,
  Mss: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
  UserTimeout: 28,
  FastOpen: 34,
} as const

/** As many as fit in 40 bytes of options. */
const MAX_SACK_BLOCKS = 4
/** Shifts above it count as it (RFC 7323 section 2.3; R7323-07). */
const MAX_WINDOW_SCALE = 14
/** NOP NOP Timestamps, the layout of RFC 7323 appendix A that nearly every segment of a connection has. */
export const TIMESTAMPS_LENGTH = 12
const TIMESTAMPS_PREFIX = 0x0101080a

/** What the options of one segment said. Reused record. */
export class TcpOptions {
  /** 0 when absent (or sent as 0, which says nothing either). */
  mss = 0
  /** 0 to 14, -1 when absent. */
  windowScale = -1
  /** A shift above 14 was sent and counted as 14 (R7323-07). */
  windowScaleExcess = false
  sackPermitted = false
  hasTimestamps = false
  /** TSval and TSecr as int32. */
  tsVal = 0
  tsEcr = 0
  /** Blocks in `sackLeft` and `sackRight`, as they came: nothing is checked against the connection (R2018-10). */
  sackCount = 0
  readonly sackLeft = new Int32Array(MAX_SACK_BLOCKS)
  readonly sackRight = new Int32Array(MAX_SACK_BLOCKS)
  /** In seconds (RFC 5482), -1 when absent. */
  userTimeout = -1
  /** Where the cookie's bytes start (RFC 7413), -1 when the option is absent. Length 0 asks for a cookie. */
  fastOpenOffset = -1
  fastOpenLength = 0
  /** The list broke off at a length below 2 or beyond the header (MUST-7); what stood before it counts. */
  malformed = false
}

/**
 * Reads the options at `offset`, at any alignment (MUST-64) and on any segment (MUST-5). Unknown kinds, and known
 * ones whose length is not theirs, are skipped by their length byte (MUST-6).
 * @returns false when the list is malformed (MUST-7)
 */
export function parseTcpOptions(view: DataView, offset: number, length: number, out: TcpOptions): boolean {
  clearTcpOptions(out)
  if (length === TIMESTAMPS_LENGTH && view.getInt32(offset) === TIMESTAMPS_PREFIX) {
    out.hasTimestamps = true
    out.tsVal = view.getInt32(offset + 4)
    out.tsEcr = view.getInt32(offset + 8)
    return true
  }
  const end = offset + length
  let at = offset
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === TcpOptionKind.Nop) {
      at++
      continue
    }
    if (kind === TcpOptionKind.End) return true
    // RFC 9293 section 3.1 (MUST-7): no loop on length 0, no read beyond the header.
    const size = at + 1 < end ? view.getUint8(at + 1) : 0
    if (size < 2 || at + size > end) {
      out.malformed = true
      return false
    }
    parseOption(view, at, kind, size, out)
    at += size
  }
  return true
}

function clearTcpOptions(out: TcpOptions): void {
  out.mss = 0
  out.windowScale = -1
  out.windowScaleExcess = false
  out.sackPermitted = false
  out.hasTimestamps = false
  out.tsVal = 0
  out.tsEcr = 0
  out.sackCount = 0
  out.userTimeout = -1
  out.fastOpenOffset = -1
  out.fastOpenLength = 0
  out.malformed = false
}

function parseOption(view: DataView, at: number, kind: number, size: number, out: TcpOptions): void {
  switch (kind) {
    case TcpOptionKind.Timestamps:
      if (size !== 10) return
      out.hasTimestamps = true
      out.tsVal = view.getInt32(at + 2)
      out.tsEcr = view.getInt32(at + 6)
      return
    case TcpOptionKind.Sack:
      if (size > 2 && (size & 7) === 2) parseSackBlocks(view, at + 2, size >>> 3, out)
      return
    case TcpOptionKind.Mss:
      if (size === 4) out.mss = view.getUint16(at + 2)
      return
    case TcpOptionKind.WindowScale:
      if (size === 3) parseWindowScale(view.getUint8(at + 2), out)
      return
    case TcpOptionKind.SackPermitted:
      if (size === 2) out.sackPermitted = true
      return
    case TcpOptionKind.UserTimeout:
      if (size === 4) out.userTimeout = userTimeoutSeconds(view.getUint16(at + 2))
      return
    case TcpOptionKind.FastOpen:
      parseFastOpen(at, size, out)
      return
  }
}

function parseSackBlocks(view: DataView, at: number, count: number, out: TcpOptions): void {
  // 40 bytes of options hold four blocks; only a caller with a longer range gets to the limit.
  out.sackCount = Math.min(count, MAX_SACK_BLOCKS)
  for (let i = 0; i < out.sackCount; i++) {
    out.sackLeft[i] = view.getInt32(at + (i << 3))
    out.sackRight[i] = view.getInt32(at + (i << 3) + 4)
  }
}

/** RFC 7323 section 2.3 (R7323-07). */
function parseWindowScale(shift: number, out: TcpOptions): void {
  out.windowScaleExcess = shift > MAX_WINDOW_SCALE
  out.windowScale = Math.min(shift, MAX_WINDOW_SCALE)
}

/** The high bit says minutes (RFC 5482 section 3.2). */
function userTimeoutSeconds(field: number): number {
  return field & 0x8000 ? (field & 0x7fff) * 60 : field
}

/** A cookie has 4 to 16 bytes and an even number of them, a request none (RFC 7413 section 4.1.1; R7413-02). */
function parseFastOpen(at: number, size: number, out: TcpOptions): void {
  const length = size - 2
  if (length !== 0 && (length < 4 || length > 16 || (length & 1) !== 0)) return
  out.fastOpenOffset = at + 2
  out.fastOpenLength = length
}

/*
 * Writers. Each returns the offset behind what it wrote; all but the fast-open cookie keep 4-byte alignment. Every option
 * has its length byte (MUST-68).
 */

export function writeMssOption(view: DataView, offset: number, mss: number): number {
  view.setInt32(offset, (TcpOptionKind.Mss << 24) | (4 << 16) | mss)
  return offset + 4
}

/** NOP, then three bytes. */
export function writeWindowScale(view: DataView, offset: number, shift: number): number {
  view.setInt32(offset, (TcpOptionKind.Nop << 24) | (TcpOptionKind.WindowScale << 16) | (3 << 8) | shift)
  return offset + 4
}

/** NOP NOP, then two bytes. */
export function writeSackPermitted(view: DataView, offset: number): number {
  view.setInt32(offset, 0x01010000 | (TcpOptionKind.SackPermitted << 8) | 2)
  return offset + 4
}

/** NOP NOP, then ten bytes: the layout with the fast path. */
export function writeTimestamps(view: DataView, offset: number, tsVal: number, tsEcr: number): number {
  view.setInt32(offset, TIMESTAMPS_PREFIX)
  view.setInt32(offset + 4, tsVal)
  view.setInt32(offset + 8, tsEcr)
  return offset + TIMESTAMPS_LENGTH
}

/** Both in twelve bytes, SACK-permitted where the NOPs would be: so that a SYN keeps room for a fast-open cookie. */
export function writeSackPermittedTimestamps(
  view: DataView,
  offset: number,
  tsVal: number,
  tsEcr: number,
): number {
  view.setInt32(offset, (TcpOptionKind.SackPermitted << 24) | 0x0002080a)
  view.setInt32(offset + 4, tsVal)
  view.setInt32(offset + 8, tsEcr)
  return offset + TIMESTAMPS_LENGTH
}

/** The bytes that `count` blocks take, with the two NOPs before them. */
export function sackLength(count: number): number {
  return 4 + 8 * count
}

/** NOP NOP, then 8n + 2 bytes. @param count 1 to 4, or 3 beside timestamps (R2018-05) */
export function writeSackBlocks(
  view: DataView,
  offset: number,
  left: Int32Array,
  right: Int32Array,
  count: number,
): number {
  view.setInt32(offset, 0x01010000 | (TcpOptionKind.Sack << 8) | (2 + 8 * count))
  let at = offset + 4
  for (let i = 0; i < count; i++) {
    view.setInt32(at, left[i])
    view.setInt32(at + 4, right[i])
    at += 8
  }
  return at
}

/** @param seconds 1 to 1,966,020; above 32,767 it is sent in whole minutes (RFC 5482 section 3.2) */
export function writeUserTimeout(view: DataView, offset: number, seconds: number): number {
  const field = seconds > 0x7fff ? 0x8000 | Math.min(0x7fff, Math.ceil(seconds / 60)) : seconds
  view.setInt32(offset, (TcpOptionKind.UserTimeout << 24) | (4 << 16) | field)
  return offset + 4
}

/** A cookie of `length` bytes (0 asks for one) from `cookie`; `padTcpOptions` has to follow. */
export function writeFastOpen(view: DataView, offset: number, cookie: Uint8Array, length: number): number {
  view.setUint8(offset, TcpOptionKind.FastOpen)
  view.setUint8(offset + 1, 2 + length)
  for (let i = 0; i < length; i++) view.setUint8(offset + 2 + i, cookie[i])
  return offset + 2 + length
}

/** Fills up to a multiple of 4 bytes from `start` with NOPs, as Linux does: nothing follows an end (MUST-69). @returns the new end */
export function padTcpOptions(view: DataView, start: number, end: number): number {
  let at = end
  while (((at - start) & 3) !== 0) view.setUint8(at++, TcpOptionKind.Nop)
  return at
}
