import { ProtocolError } from './protocol.ts'

/** Fields of an object that came from outside, each checked as it is taken. */
export class JsonFields {
  readonly #object: object
  readonly #name: string

  /** @throws ProtocolError when it is no object */
  constructor(value: unknown, name: string) {
    if (typeof value !== 'object' || value === null) throw new ProtocolError(`${name}: no object`)
    this.#object = value
    this.#name = name
  }

  #get(field: string): unknown {
    return Object.hasOwn(this.#object, field) ? (this.#object as Record<string, unknown>)[field] : undefined
  }

  /** A number within bounds; `otherwise` when it is not there. @throws ProtocolError for anything else */
  number(field: string, low: number, high: number, otherwise: number): number {
    const value = this.#get(field)
    if (value === undefined) return otherwise
    if (typeof value === 'number' && value >= low && value <= high) return value
    throw new ProtocolError(`${this.#name}: ${field} is not a number from ${low} to ${high}`)
  }

  whole(field: string, low: number, high: number, otherwise: number): number {
    const value = this.number(field, low, high, otherwise)
    if (Number.isInteger(value)) return value
    throw new ProtocolError(`${this.#name}: ${field} is not a whole number`)
  }

  /** A count, or -1 for one that is not known: iperf3 writes that as -1, 2^64 - 1, or what was in its memory. */
  count(field: string): number {
    const value = this.#get(field)
    return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : -1
  }

  /** iperf3 writes true, 1, or nothing. */
  flag(field: string): boolean {
    const value = this.#get(field)
    return value === true || (typeof value === 'number' && value !== 0)
  }

  text(field: string, otherwise: string): string {
    const value = this.#get(field)
    return typeof value === 'string' ? value.slice(0, 64) : otherwise
  }

  list(field: string): readonly unknown[] {
    const value = this.#get(field)
    if (Array.isArray(value)) return value
    throw new ProtocolError(`${this.#name}: ${field} is no list`)
  }
}
