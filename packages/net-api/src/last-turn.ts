import type { AsyncResource } from 'node:async_hooks'
import { writeCancelled } from './errors.ts'
import { finishWrite, type PendingWrite } from './pending-write.ts'
import type { Turn } from './turns.ts'

/** What is told when a handle has been closed. */
export class LastTurn implements Turn {
  readonly #handle: AsyncResource
  readonly #pending: PendingWrite | null
  readonly #shutdownDone: (() => void) | null
  readonly #closed: (() => void) | undefined

  constructor(
    handle: AsyncResource,
    pending: PendingWrite | null,
    shutdownDone: (() => void) | null,
    closed: (() => void) | undefined,
  ) {
    this.#handle = handle
    this.#pending = pending
    this.#shutdownDone = shutdownDone
    this.#closed = closed
  }

  serve(): void {
    this.#handle.runInAsyncScope(this.#tell, this)
  }

  #tell(): void {
    if (this.#pending !== null) finishWrite(this.#pending, writeCancelled())
    this.#shutdownDone?.()
    this.#closed?.()
  }
}
