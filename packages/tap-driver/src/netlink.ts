/**
 * Messages of rtnetlink (RFC 3549, <linux/rtnetlink.h>): a 16-byte header, a fixed body, then attributes as
 * (length, type, value), everything aligned to 4 bytes and in the machine's byte order, which is little-endian here.
 */
export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
export const RTM_GETLINK = 18
export const RTM_NEWADDR = 20

const NLM_F_REQUEST = 0x001
const NLM_F_ACK = 0x004
export const NLM_F_REPLACE = 0x100
export const NLM_F_CREATE = 0x400

export const IFLA_ADDRESS = 1
export const IFLA_IFNAME = 3
export const IFLA_MTU = 4
export const IFLA_TXQLEN = 13

export const IFA_ADDRESS = 1
export const IFA_LOCAL = 2
export const IFA_BROADCAST = 4
/** Usable at once: no duplicate address detection. */
export const IFA_F_NODAD = 0x02

export const IFF_UP = 0x1

const NLMSG_ERROR = 2
const NLMSG_HEADER = 16

/** Builds one message; `finish()` gives its bytes. */
export class NetlinkMessage {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = NLMSG_HEADER

  /** @param flags besides NLM_F_REQUEST and NLM_F_ACK, which are always set */
  constructor(type: number, flags: number, sequence: number) {
    this.#view.setUint16(4, type, true)
    this.#view.setUint16(6, flags | NLM_F_REQUEST | NLM_F_ACK, true)
    this.#view.setUint32(8, sequence, true)
  }

  /** The fixed part of link messages. @param change which bits of `flags` are meant */
  link(index: number, flags: number, change: number): this {
    this.#grow(16)
    this.#view.setInt32(this.#length + 4, index, true)
    this.#view.setUint32(this.#length + 8, flags, true)
    this.#view.setUint32(this.#length + 12, change, true)
    this.#length += 16
    return this
  }

  /** The fixed part of address messages. @param flags eight bits of IFA_F_ */
  address(family: number, prefixLength: number, flags: number, index: number): this {
    this.#grow(8)
    this.#view.setUint8(this.#length, family)
    this.#view.setUint8(this.#length + 1, prefixLength)
    this.#view.setUint8(this.#length + 2, flags)
    this.#view.setUint32(this.#length + 4, index, true)
    this.#length += 8
    return this
  }

  attribute(type: number, value: Uint8Array): this {
    this.#grow(4 + value.length)
    this.#view.setUint16(this.#length, 4 + value.length, true)
    this.#view.setUint16(this.#length + 2, type, true)
    this.#bytes.set(value, this.#length + 4)
    this.#length += align(4 + value.length)
    return this
  }

  attributeText(type: number, text: string): this {
    return this.attribute(type, Uint8Array.from([...Buffer.from(text, 'latin1'), 0]))
  }

  attributeUint32(type: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, value, true)
    return this.attribute(type, bytes)
  }

  finish(): Uint8Array {
    this.#view.setUint32(0, this.#length, true)
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(more: number): void {
    if (this.#length + align(more) <= this.#bytes.length) return
    const bigger = new Uint8Array(2 * (this.#length + align(more)))
    bigger.set(this.#bytes)
    this.#bytes = bigger
    this.#view = new DataView(bigger.buffer)
  }
}

/** One message of an answer. */
export interface NetlinkReply {
  readonly type: number
  /** For an acknowledgement: 0, or the errno with which the request failed. For others 0. */
  readonly errno: number
  /** What follows the header. */
  readonly body: Uint8Array
}

/** Takes a datagram from the kernel apart; stops at the first message that does not fit. */
export function parseReplies(bytes: Uint8Array): NetlinkReply[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const replies: NetlinkReply[] = []
  for (let at = 0; at + NLMSG_HEADER <= bytes.length; ) {
    const length = view.getUint32(at, true)
    if (length < NLMSG_HEADER || at + length > bytes.length) break
    const type = view.getUint16(at + 4, true)
    const failed = type === NLMSG_ERROR && length >= NLMSG_HEADER + 4
    replies.push({
      type,
      errno: failed ? -view.getInt32(at + NLMSG_HEADER, true) : 0,
      body: bytes.subarray(at + NLMSG_HEADER, at + length),
    })
    at += align(length)
  }
  return replies
}

export function isAcknowledgement(reply: NetlinkReply): boolean {
  return reply.type === NLMSG_ERROR
}

/** An attribute's value in `bytes`, or null. @param from where attributes start (after the fixed part) */
export function findAttribute(bytes: Uint8Array, from: number, wanted: number): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = from; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > bytes.length) return null
    // The two high bits say 'nested' and 'network byte order'.
    if ((view.getUint16(at + 2, true) & 0x3fff) === wanted) return bytes.subarray(at + 4, at + length)
    at += align(length)
  }
  return null
}

function align(length: number): number {
  return (length + 3) & ~3
}
