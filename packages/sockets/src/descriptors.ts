import { SocketError } from './errno.ts'
import type { OpenFile } from './file.ts'

/** The first number: 0 to 2 are what programs expect them to be. */
const FIRST = 3

/** The table of descriptors: the lowest free number goes first, and there are so many and no more. */
export class Descriptors {
  readonly #files: (OpenFile | null)[] = []
  readonly #closeOnExec = new Set<number>()
  readonly #limit: number
  size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws EBADF */
  get(fd: number): OpenFile {
    const file = this.#files[fd - FIRST]
    if (!file) throw new SocketError('EBADF')
    return file
  }

  find(fd: number): OpenFile | null {
    return this.#files[fd - FIRST] ?? null
  }

  /** @param least the lowest number that will do @throws EMFILE, EINVAL (beyond the limit) */
  add(file: OpenFile, closeOnExec: boolean, least = FIRST): number {
    const at = this.place(least)
    this.#files[at] = file
    file.references++
    this.size++
    if (closeOnExec) this.#closeOnExec.add(at + FIRST)
    return at + FIRST
  }

  /** Whether there is room. @returns where @throws EMFILE */
  place(least = FIRST): number {
    let at = Math.max(0, least - FIRST)
    while (this.#files[at]) at++
    if (at + FIRST >= this.#limit) throw new SocketError('EMFILE')
    while (this.#files.length < at) this.#files.push(null)
    return at
  }

  /** Frees the number. @throws EBADF */
  remove(fd: number): OpenFile {
    const file = this.get(fd)
    this.#files[fd - FIRST] = null
    this.#closeOnExec.delete(fd)
    this.size--
    while (this.#files.length > 0 && this.#files.at(-1) === null) this.#files.pop()
    return file
  }

  closesOnExec(fd: number): boolean {
    return this.#closeOnExec.has(fd)
  }

  setCloseOnExec(fd: number, on: boolean): void {
    if (on) this.#closeOnExec.add(fd)
    else this.#closeOnExec.delete(fd)
  }

  /** The numbers in use. */
  numbers(): number[] {
    const all: number[] = []
    for (let at = 0; at < this.#files.length; at++) if (this.#files[at]) all.push(at + FIRST)
    return all
  }
}
