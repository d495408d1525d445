/** Longer than any process: Node's timers end at 2^31 - 1 ms. */
const FOREVER = 0x7fff_ffff

/**
 * Keeps the process running while a socket or server that is `ref`ed waits for something, as the handles of Node's own
 * sockets do: one timer for all of them, that is never meant to ring.
 */
export class Liveness {
  #holders = 0
  #timer: NodeJS.Timeout | null = null

  hold(): void {
    if (this.#holders++ > 0) return
    if (this.#timer === null) this.#timer = setInterval(() => {}, FOREVER)
    else this.#timer.ref()
  }

  release(): void {
    if (--this.#holders === 0) this.#timer?.unref()
  }
}
