// What the measuring process asks of server and load. All of it goes over the processes' channels.

export const PORTS = { echo: 7, discard: 9, chargen: 19 } as const

/** `rx` and `tx` as the server sees it: it receives, it sends. */
export type Figure = 'rx' | 'tx' | 'echo' | 'connect1' | 'connect32' | 'memory'

export const FIGURES: readonly Figure[] = ['rx', 'tx', 'echo', 'connect1', 'connect32', 'memory']

export const isBulk = (figure: Figure): figure is 'rx' | 'tx' => figure === 'rx' || figure === 'tx'

export interface LoadOrder {
  readonly figure: Figure
  readonly address: string
  /** How long it takes; `rx` and `tx` are begun, and go on until `stop`. */
  readonly seconds: number
  /** Connections at the same time; those that are held, for `memory`. */
  readonly connections: number
}

/** `usage`: how things stand; `rest`: the same, when memory that nobody uses has been given back. */
export type Order = 'usage' | 'rest' | 'stop' | LoadOrder

/** Of a process, since it started. */
export interface Usage {
  /** Milliseconds, by the clock of that process. */
  readonly now: number
  /** Seconds of processor time, the kernel's on its behalf included. */
  readonly cpu: number
  /** Resident memory, bytes. */
  readonly rss: number
  /** Bytes of payload that have come in. */
  readonly received: number
}

export interface Answers {
  readonly usage: Usage
  /** Per second, round trips or connections; the number of those that are held. Null for what is told by `usage`. */
  readonly load: { readonly value: number; readonly amount: number } | null
}

export interface Asked {
  readonly id: number
  readonly order: Order
}

export type Reply =
  | { readonly ready: true }
  | { readonly id: number; readonly done: unknown }
  | { readonly id: number; readonly failed: string }
