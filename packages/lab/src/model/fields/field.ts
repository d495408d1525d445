/** A field of a frame, and those that it is made of. */
export interface Field {
  readonly name: string
  readonly value: string
  /** Where its bytes are in the frame. */
  readonly offset: number
  readonly length: number
  /** Of a field that is not made of whole bytes: its first bit in those, counted from the left, and how many. */
  readonly bits?: { readonly from: number; readonly count: number }
  /** What it means, where the value does not say it. */
  readonly note?: string
  readonly children?: readonly Field[]
}

/** Reads a frame from its beginning. What is not there any more reads as 0: whoever asks looks at `left` first. */
export class FieldReader {
  readonly frame: Uint8Array
  readonly #view: DataView
  at: number
  readonly end: number
  fields: Field[] = []

  constructor(frame: Uint8Array, at = 0, end = frame.length) {
    this.frame = frame
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.length)
    this.at = at
    this.end = Math.min(end, frame.length)
  }

  /** Bytes that are left. */
  get left(): number {
    return Math.max(0, this.end - this.at)
  }

  number(length: 1 | 2 | 4, ahead = 0): number {
    const at = this.at + ahead
    if (at + length > this.frame.length) return 0
    if (length === 1) return this.#view.getUint8(at)
    return length === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  bytes(length: number): Uint8Array {
    return this.frame.subarray(this.at, Math.min(this.at + length, this.end))
  }

  /** A field of the next bytes, which are passed. */
  take(name: string, length: number, value: string, note?: string, children?: readonly Field[]): void {
    const there = Math.min(length, this.left)
    if (there > 0) {
      this.fields.push({
        name,
        value,
        offset: this.at,
        length: there,
        ...(note === undefined ? {} : { note }),
        ...(children === undefined || children.length === 0 ? {} : { children }),
      })
    }
    this.at += there
  }

  /** A number, in decimal. @returns it */
  takeNumber(name: string, length: 1 | 2 | 4, note?: (value: number) => string | undefined): number {
    const value = this.number(length)
    this.take(name, length, String(value), note?.(value))
    return value
  }

  takeHex(name: string, length: 1 | 2 | 4, note?: string): number {
    const value = this.number(length)
    this.take(name, length, `0x${value.toString(16).padStart(length * 2, '0')}`, note)
    return value
  }

  /** Bits of the next bytes, which are not passed. @returns their value */
  part(
    name: string,
    bytes: 1 | 2 | 4,
    from: number,
    count: number,
    note?: (value: number) => string | undefined,
  ): number {
    const value = (this.number(bytes) >>> (bytes * 8 - from - count)) & (2 ** count - 1)
    const said = note?.(value)
    if (this.left >= bytes) {
      this.fields.push({
        name,
        value: String(value),
        offset: this.at,
        length: bytes,
        bits: { from, count },
        ...(said === undefined ? {} : { note: said }),
      })
    }
    return value
  }

  /** What is inside is of a layer of its own, which spans what it takes. */
  layer(name: string, value: string, read: () => string | undefined): void {
    const outside = this.fields
    const offset = this.at
    this.fields = []
    const note = read()
    const children = this.fields
    this.fields = outside
    if (this.at === offset) return
    outside.push({
      name,
      value: note ?? value,
      offset,
      length: this.at - offset,
      children,
    })
  }

  /** Whatever is left. */
  rest(name: string, value = `${this.left} bytes`): void {
    this.take(name, this.left, value)
  }
}
