import { readSync, writeSync } from 'node:fs'
import { withoutPreempting } from './kernel-threads.ts'
import { libc } from './libc.ts'
import { openInterfaceFile } from './sysfs.ts'

/** Frames of at least so many bytes are of a stream. */
const LONG = 1000

/** So many of them within so many milliseconds (37 MB/s in frames of 1,500 bytes) are bulk. */
const ROW = 256
const ROW_TIME = 10

/** How often, in milliseconds, is looked whether it goes on, and with how many frames it does. */
const LOOK = 100
const ENOUGH = 1000

const ON = Buffer.from('1')

/** A thread of the kernel's own for what comes to it by an interface. */
export interface GroThread {
  set(on: boolean): void
  close(): void
}

/**
 * Has the kernel merge what is sent in bulk through a device without offloads, as it does with what comes by a network card (GRO): its
 * TCP then has one packet of 64 KiB instead of 44, and answers and wakes its program once. Merging needs frames that wait in a row, so
 * that a thread of the kernel takes them (threaded NAPI). That thread costs a frame for itself 2 µs each way; so it
 * is there only while much is sent.
 */
export class BulkGro {
  readonly #thread: GroThread
  readonly #now: () => number
  #on = false
  #inRow = 0
  #rowBegan = Number.NEGATIVE_INFINITY
  #sinceLook = 0
  #timer: NodeJS.Timeout | null = null

  /** @param now milliseconds */
  constructor(thread: GroThread, now: () => number = () => performance.now()) {
    this.#thread = thread
    this.#now = now
  }

  /** Whether the kernel merges now. */
  get on(): boolean {
    return this.#on
  }

  /** A frame goes out. */
  note(length: number): void {
    if (length < LONG) return
    this.#sinceLook++
    if (!this.#on && ++this.#inRow === ROW) this.#endRow()
  }

  close(): void {
    this.#switch(false)
    this.#thread.close()
  }

  #endRow(): void {
    const now = this.#now()
    if (now - this.#rowBegan < ROW_TIME) this.#switch(true)
    this.#inRow = 0
    this.#rowBegan = now
  }

  #switch(on: boolean): void {
    if (on === this.#on) return
    this.#on = on
    this.#sinceLook = 0
    this.#thread.set(on)
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = on ? setInterval(() => this.#look(), LOOK).unref() : null
  }

  #look(): void {
    const enough = this.#sinceLook >= ENOUGH
    this.#sinceLook = 0
    if (!enough) this.#switch(false)
  }
}

/** That of an interface of this thread's network namespace; null where it may not be had. */
export function openGroThread(name: string): GroThread | null {
  const fd = openInterfaceFile(name, 'threaded')
  return fd < 0 ? null : new SysfsThread(fd)
}

/** What stood there before stands there again when it is off. */
class SysfsThread implements GroThread {
  readonly #fd: number
  readonly #before: Buffer

  constructor(fd: number) {
    this.#fd = fd
    const bytes = Buffer.alloc(16)
    this.#before = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0))
  }

  set(on: boolean): void {
    if (on) withoutPreempting('napi/', () => this.#write(ON))
    else this.#write(this.#before)
  }

  close(): void {
    libc().close(this.#fd)
  }

  #write(value: Buffer): void {
    try {
      writeSync(this.#fd, value, 0, value.length, 0)
    } catch {
      // An interface that is gone has no settings.
    }
  }
}
