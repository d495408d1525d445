import type { GroupRecord } from './igmp.ts'

/** MLD (RFC 2710, RFC 3810): who is in which IPv6 group; messages of ICMPv6. Offsets are of its header. */
export const MLD1_LENGTH = 24
/** A version 2 query has this much, and the sources it asks for (RFC 3810 section 8.1). */
export const MLD_QUERY2_LENGTH = 28
/** The fixed part of a version 2 report. */
export const MLD_REPORT_LENGTH = 8
/** A multicast address record without sources (RFC 3810 section 5.2). */
export const MLD_RECORD_LENGTH = 20

const GROUP = 8

/** Word 0 to 3 of the group a query or report is about; all 0 in a general query. */
export function mldGroupWord(view: DataView, offset: number, word: number): number {
  return view.getInt32(offset + GROUP + 4 * word)
}

/** Maximum Response Code as it stands. */
export function mldResponseCode(view: DataView, offset: number): number {
  return view.getUint16(offset + 4)
}

/** Milliseconds that a version 2 code stands for (MLD-07; RFC 3810 section 5.1.3). */
export function mldResponseTime(code: number): number {
  return code < 0x8000 ? code : ((code & 0x0fff) | 0x1000) << (((code >>> 12) & 7) + 3)
}

/** A report or done of version 1, without its checksum. */
export function writeMldMessage(
  view: DataView,
  offset: number,
  type: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
): void {
  view.setInt32(offset, type << 24)
  view.setInt32(offset + 4, 0)
  writeGroup(view, offset + GROUP, a0, a1, a2, a3)
}

/** The fixed part of a version 2 report, without its checksum. */
export function writeMldReport(view: DataView, offset: number, type: number, records: number): void {
  view.setInt32(offset, type << 24)
  view.setInt32(offset + 4, records)
}

export function writeMldRecord(
  view: DataView,
  offset: number,
  type: GroupRecord,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
): void {
  view.setInt32(offset, type << 24)
  writeGroup(view, offset + 4, a0, a1, a2, a3)
}

function writeGroup(view: DataView, offset: number, a0: number, a1: number, a2: number, a3: number): void {
  view.setInt32(offset, a0)
  view.setInt32(offset + 4, a1)
  view.setInt32(offset + 8, a2)
  view.setInt32(offset + 12, a3)
}
