/** Fast Open cookies: what the script calls them, and what the stack's are. One that nobody has translated is itself. */
export class Cookies {
  readonly #live = new Map<string, Uint8Array>()
  readonly #script = new Map<string, Uint8Array>()

  toLive(script: Uint8Array): Uint8Array {
    return this.#live.get(script.join()) ?? script
  }

  toScript(live: Uint8Array): Uint8Array {
    return this.#script.get(live.join()) ?? live
  }

  /** The first meeting decides. */
  learn(script: Uint8Array, live: Uint8Array): void {
    if (script.length !== live.length || script.length === 0) return
    if (this.#live.has(script.join()) || this.#script.has(live.join())) return
    this.#live.set(script.join(), live)
    this.#script.set(live.join(), script)
  }
}
