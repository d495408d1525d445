/** A 64-bit key for `HalfSipHash`. */
export interface HashKey {
  readonly k0: number
  readonly k1: number
}

/**
 * HalfSipHash-2-4 with 32-bit output (Aumasson and Bernstein): a keyed hash whose values an outsider can neither
 * predict nor collide on purpose. For tables keyed by addresses and ports, initial sequence numbers (RFC 6528)
 * and ephemeral ports (RFC 6056). Words are fed one by one, so that nothing is allocated.
 */
export class HalfSipHash {
  readonly #k0: number
  readonly #k1: number
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0
  #words = 0

  constructor(key: HashKey) {
    this.#k0 = key.k0 | 0
    this.#k1 = key.k1 | 0
  }

  start(): this {
    this.#v0 = this.#k0
    this.#v1 = this.#k1
    this.#v2 = 0x6c796765 ^ this.#k0
    this.#v3 = 0x74656462 ^ this.#k1
    this.#words = 0
    return this
  }

  word(value: number): this {
    this.#v3 ^= value
    this.#round()
    this.#round()
    this.#v0 ^= value
    this.#words++
    return this
  }

  /** The hash, as an int32. */
  end(): number {
    const last = (this.#words << 2) << 24
    this.#v3 ^= last
    this.#round()
    this.#round()
    this.#v0 ^= last
    this.#v2 ^= 0xff
    this.#round()
    this.#round()
    this.#round()
    this.#round()
    return (this.#v1 ^ this.#v3) | 0
  }

  #round(): void {
    let v0 = this.#v0
    let v1 = this.#v1
    let v2 = this.#v2
    let v3 = this.#v3
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }
}
