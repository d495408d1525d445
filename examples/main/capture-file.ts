import { closeSync, mkdtempSync, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CapturingDevice, capture, type LinkDevice } from '@tapwire/stack'

/** Bytes after which nothing more is captured. */
const LIMIT = 1024 * 1024

/** A capture on disk of what passes a device at first; the file stays when the process ends. */
export class CaptureFile {
  readonly path = join(mkdtempSync(join(tmpdir(), 'tapwire-')), 'first-exchange.pcapng')
  #file: number | null = openSync(this.path, 'w')

  /** @returns the device to use in place of `device` */
  wrap(device: LinkDevice): CapturingDevice {
    const write = (chunk: Uint8Array): void => {
      if (this.#file !== null) writeSync(this.#file, chunk)
    }
    return capture(device, write, { name: 'tapwire', maxBytes: LIMIT })
  }

  /** Nothing more is written. Calling it again does nothing. */
  finish(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }
}
