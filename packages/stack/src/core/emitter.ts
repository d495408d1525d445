type Listeners<Events extends Record<keyof Events, unknown[]>> = {
  [K in keyof Events]?: ((...args: Events[K]) => void)[]
}

/** A typed event source without dependencies: `Events` maps names to argument lists. */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners: Listeners<Events> = {}

  /** @returns how to stop listening */
  on<K extends keyof Events>(name: K, listener: (...args: Events[K]) => void): () => void {
    this.#listeners[name] = [...(this.#listeners[name] ?? []), listener]
    return () => {
      this.#listeners[name] = this.#listeners[name]?.filter((other) => other !== listener)
    }
  }

  emit<K extends keyof Events>(name: K, ...args: Events[K]): void {
    for (const listener of this.#listeners[name] ?? []) listener(...args)
  }
}
