/** IGMP (RFC 2236, RFC 3376): who is in which IPv4 group. Offsets are of the message. */
export const IgmpType = { Query: 0x11, Report1: 0x12, Report2: 0x16, Leave2: 0x17, Report3: 0x22 } as const

/** Of versions 1 and 2, and of the fixed part of a version 3 report. */
export const IGMP_LENGTH = 8
/** A version 3 query has this much, and the sources it asks for (RFC 3376 section 7.1). */
export const IGMP_QUERY3_LENGTH = 12
/** A group record without sources (RFC 3376 section 4.2.4). */
export const IGMP_RECORD_LENGTH = 8

/** What a group record says (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12: the same numbers). */
export const GroupRecord = { IsExclude: 2, ToInclude: 3, ToExclude: 4 } as const
export type GroupRecord = (typeof GroupRecord)[keyof typeof GroupRecord]

/** The group a query or report is about; 0 in a general query. */
export function igmpGroup(view: DataView, offset: number): number {
  return view.getInt32(offset + 4)
}

/** Max Resp Code as it stands; 0 in a version 1 query. */
export function igmpResponseCode(view: DataView, offset: number): number {
  return view.getUint8(offset + 1)
}

/** Tenths of a second that a version 3 code stands for (IGMP-06; RFC 3376 section 4.1.1). */
export function igmpResponseTime(code: number): number {
  return code < 128 ? code : ((code & 0x0f) | 0x10) << (((code >>> 4) & 7) + 3)
}

/** A report or leave of versions 1 and 2, without its checksum. */
export function writeIgmpMessage(view: DataView, offset: number, type: number, group: number): void {
  view.setInt32(offset, type << 24)
  view.setInt32(offset + 4, group)
}

/** The fixed part of a version 3 report, without its checksum. */
export function writeIgmpReport(view: DataView, offset: number, records: number): void {
  view.setInt32(offset, IgmpType.Report3 << 24)
  view.setInt32(offset + 4, records)
}

export function writeIgmpRecord(view: DataView, offset: number, type: GroupRecord, group: number): void {
  view.setInt32(offset, type << 24)
  view.setInt32(offset + 4, group)
}
