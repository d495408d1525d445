import type { Script, Seg } from './script.ts'

const IP_ID = 4
const IP_SOURCE = 12
const TCP = 20
const SEQ = TCP + 4
const ACK = TCP + 8
/** Without URG nobody looks at it: it takes up what keeps the checksum right. */
const URGENT = TCP + 18

/** One IPv4 segment of T's that is changed in place and sent again, a million times. Its checksums stay right. */
export class Blast {
  readonly #script: Script
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(script: Script, segment: Seg) {
    this.#script = script
    this.#bytes = script.build(segment)
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset)
  }

  /** Sets the two low bytes of the source address. */
  source(low: number): this {
    const before = this.#view.getUint16(IP_SOURCE + 2)
    this.#view.setUint16(IP_SOURCE + 2, low)
    this.#view.setUint16(IP_ID, onesAdd(this.#view.getUint16(IP_ID), before, low ^ 0xffff))
    this.#mend(before, low)
    return this
  }

  port(port: number): this {
    return this.#put(TCP, port)
  }

  /** As in the header, relative to nothing. */
  seq(value: number): this {
    return this.#put(SEQ, value >>> 16).#put(SEQ + 2, value & 0xffff)
  }

  ack(value: number): this {
    return this.#put(ACK, value >>> 16).#put(ACK + 2, value & 0xffff)
  }

  fire(): void {
    this.#script.device.receive(this.#bytes)
  }

  #put(at: number, value: number): this {
    const before = this.#view.getUint16(at)
    this.#view.setUint16(at, value)
    this.#mend(before, value)
    return this
  }

  #mend(before: number, now: number): void {
    this.#view.setUint16(URGENT, onesAdd(this.#view.getUint16(URGENT), before, now ^ 0xffff))
  }
}

function onesAdd(a: number, b: number, c: number): number {
  const sum = a + b + c
  const once = (sum & 0xffff) + (sum >>> 16)
  return (once & 0xffff) + (once >>> 16)
}
