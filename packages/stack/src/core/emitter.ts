import { hostThrow } from './host.ts'

type Listeners<Events extends Record<keyof Events, unknown[]>> = {
  [K in keyof Events]?: ((...args: Events[K]) => void)[]
}

/** A typed event source without dependencies: `Events` maps names to argument lists. */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners: Listeners<Events> = {}

  /** @returns how to stop listening */
  on<K extends keyof Events>(name: K, listener: (...args: Events[K]) => void): () => void {
    // A function of its own for each call: whoever listens twice stops listening once at a time.
    const mine = (...args: Events[K]): void => listener(...args)
    // Lists are replaced, never changed: an `emit` that is under way goes on with the one it began with.
    this.#listeners[name] = [...(this.#listeners[name] ?? []), mine]
    return () => {
      this.#listeners[name] = this.#listeners[name]?.filter((other) => other !== mine)
    }
  }

  /**
   * Tells every listener. Unlike Node's EventEmitter, one that throws neither ends the round nor reaches whoever emits: that is the
   * stack, which could do nothing about it, and listeners do not know of each other. What it has thrown surfaces at the host.
   */
  emit<K extends keyof Events>(name: K, ...args: Events[K]): void {
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(...args)
      } catch (error) {
        hostThrow(error)
      }
    }
  }
}
