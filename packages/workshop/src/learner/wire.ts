/** What an exercise gives your code to speak to the world with. */
export interface Wire {
  /** Puts one whole Ethernet frame on the wire. The bytes are copied. */
  send(frame: Uint8Array): void
  /** Called with every frame that arrives. Put your own function here. The bytes are yours to keep. */
  onFrame: (frame: Uint8Array) => void
  /** The time in milliseconds. It is virtual: it stands still while your code runs, and minutes pass at once. */
  readonly now: number
  /** Calls `fn` once, `ms` milliseconds from now. Returns a function that calls it off. */
  after(ms: number, fn: () => void): () => void
}

/** One end of the wire: you. */
export interface Host {
  /** Six bytes. */
  readonly mac: Uint8Array
  /** Four bytes. */
  readonly ip: Uint8Array
}
