import type { Memory } from './memory.ts'

/** Whom a check is about: a name, or something that has one when it is asked. */
type Subject = string | { describe(): string }

/** More complaints than that say nothing new. */
const MOST = 20

/**
 * What a look at the whole state of a stack has found wrong. Text is made for what fails only, for the look is repeated after
 * every step of a fuzz run.
 */
export class Audit {
  readonly broken: string[] = []
  readonly #memory: Memory
  readonly #owners = new Map<number, Subject>()
  /** What the next checks are about. */
  subject: Subject = 'the stack'
  /** Bytes of the blocks that somebody has claimed. */
  claimed = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** @param a, b figures that show what is wrong */
  check(holds: boolean, what: string, a?: number, b?: number): void {
    if (holds || this.broken.length >= MOST) return
    const figures = a === undefined ? '' : b === undefined ? ` (${a})` : ` (${a} and ${b})`
    this.broken.push(`${nameOf(this.subject)}: ${what}${figures}`)
  }

  /** The subject keeps a block of memory: it is one, as large as thought, and nobody else's. */
  owns(offset: number, size: number, part: string): void {
    const real = this.#memory.blockAt(offset)
    this.check(real > 0, `${part} lies in no block that is allocated`, offset)
    this.check(real === 0 || real === size, `${part} has a block of another size`, size, real)
    const other = this.#owners.get(offset)
    if (other !== undefined) this.check(false, `${part} lies in a block of ${nameOf(other)} as well`, offset)
    this.#owners.set(offset, this.subject)
    this.claimed += real
  }
}

function nameOf(subject: Subject): string {
  return typeof subject === 'string' ? subject : subject.describe()
}
