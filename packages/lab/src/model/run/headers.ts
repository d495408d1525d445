/** Where things stand in an Ethernet frame with an IP packet, and what a ladder needs of them. One record, used again for each frame. */
export class Headers {
  ipVersion: 4 | 6 = 4
  /** Offsets in the frame. */
  ip = 14
  transport = 0
  payload = 0
  /** Of the IP header and what is behind it. */
  ipLength = 0
  protocol = 0
  sourcePort = 0
  destinationPort = 0
  /** As on the wire, unsigned. */
  seq = 0
  ack = 0
  flags = 0
  window = 0
  /** Payload bytes. */
  length = 0
  /** Bytes of the frame, which may be there in part only. */
  frameLength = 0

  /**
   * Reads a frame's headers; TCP's if it has one.
   * @returns false for what is no IP packet, or is not whole as far as its transport header
   */
  read(frame: Uint8Array): boolean {
    if (frame.length < 34) return false
    const type = (frame[12] << 8) | frame[13]
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
    if (type === ETHERTYPE_IPV4) this.#readIpv4(frame, view)
    else if (type === ETHERTYPE_IPV6 && frame.length >= 54) this.#readIpv6(frame, view)
    else return false
    this.frameLength = this.ip + this.ipLength
    this.length = 0
    this.flags = 0
    this.sourcePort = 0
    this.destinationPort = 0
    this.payload = this.transport
    return this.protocol !== TCP || this.#readTcp(view, frame.length)
  }

  #readIpv4(frame: Uint8Array, view: DataView): void {
    this.ipVersion = 4
    this.transport = this.ip + (frame[14] & 15) * 4
    this.ipLength = view.getUint16(16)
    this.protocol = frame[23]
  }

  #readIpv6(frame: Uint8Array, view: DataView): void {
    this.ipVersion = 6
    this.transport = this.ip + 40
    this.ipLength = 40 + view.getUint16(18)
    this.protocol = frame[20]
  }

  #readTcp(view: DataView, available: number): boolean {
    const at = this.transport
    if (at + 20 > available) return false
    this.sourcePort = view.getUint16(at)
    this.destinationPort = view.getUint16(at + 2)
    this.seq = view.getUint32(at + 4)
    this.ack = view.getUint32(at + 8)
    this.payload = at + (view.getUint8(at + 12) >>> 4) * 4
    this.flags = view.getUint8(at + 13)
    this.window = view.getUint16(at + 14)
    this.length = this.ip + this.ipLength - this.payload
    return this.length >= 0 && this.payload >= at + 20 && this.payload <= available
  }
}

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_IPV6 = 0x86dd
export const ETHERTYPE_ARP = 0x0806
export const TCP = 6
export const ICMPV4 = 1
export const ICMPV6 = 58

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32, Ece: 64, Cwr: 128 } as const

const LETTERS = [
  [Flag.Syn, 'S'],
  [Flag.Fin, 'F'],
  [Flag.Rst, 'R'],
  [Flag.Psh, 'P'],
  [Flag.Ack, 'A'],
  [Flag.Urg, 'U'],
  [Flag.Ece, 'E'],
  [Flag.Cwr, 'W'],
] as const

const TEXTS: string[] = []

/** In the order of the letters above, as in traces. */
export function flagLetters(flags: number): string {
  TEXTS[flags] ??= LETTERS.map(([bit, letter]) => ((flags & bit) !== 0 ? letter : '')).join('')
  return TEXTS[flags]
}

/** The bits of such letters; what is no letter of a flag counts for nothing. */
export function flagBits(letters: string): number {
  return LETTERS.reduce((bits, [bit, letter]) => (letters.includes(letter) ? bits | bit : bits), 0)
}

/** Walks the options of a TCP header. @param visit is told where an option's data begins, and how long it is */
export function eachOption(
  frame: Uint8Array,
  headers: Headers,
  visit: (kind: number, at: number, length: number) => void,
): void {
  let at = headers.transport + 20
  const end = Math.min(headers.payload, frame.length)
  while (at < end) {
    const kind = frame[at]
    if (kind === 0) return
    if (kind === 1) {
      at++
      continue
    }
    const length = at + 1 < end ? frame[at + 1] : 0
    if (length < 2 || at + length > end) return
    visit(kind, at + 2, length - 2)
    at += length
  }
}

export const Option = { Mss: 2, WindowScale: 3, SackPermitted: 4, Sack: 5, Timestamps: 8 } as const
