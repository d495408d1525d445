import type { OnReadOpts } from 'node:net'
import type { SocketHandle } from './socket-handle.ts'

/** `onread` (NF-32): data goes into the application's own buffer and past the stream. */
export class CustomRead {
  readonly #make: (() => Uint8Array) | null
  readonly #callback: OnReadOpts['callback']
  #buffer: Uint8Array

  private constructor(buffer: OnReadOpts['buffer'], callback: OnReadOpts['callback']) {
    this.#make = typeof buffer === 'function' ? buffer : null
    this.#buffer = typeof buffer === 'function' ? new Uint8Array() : buffer
    this.#callback = callback
    this.#renew()
  }

  /** @returns null when the option is not one that Node would use */
  static from(option: unknown): CustomRead | null {
    if (option === null || typeof option !== 'object') return null
    const { buffer, callback } = option as Partial<OnReadOpts>
    const usable = buffer instanceof Uint8Array || typeof buffer === 'function'
    return usable && typeof callback === 'function' ? new CustomRead(buffer, callback) : null
  }

  /** @returns whether the application wants more */
  deliver(handle: SocketHandle): boolean {
    const length = handle.read(this.#buffer)
    const more = this.#callback(length, this.#buffer) !== false
    this.#renew()
    return more
  }

  /** A function gives a fresh buffer for every read; what is not a buffer is not used. */
  #renew(): void {
    const next = this.#make?.()
    if (next instanceof Uint8Array) this.#buffer = next
  }
}
