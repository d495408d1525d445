import type { MessagePort } from 'node:worker_threads'
import type { InterfaceSettings, StackOptions, TcpCounters, UdpCounters } from '@tapwire/stack'
import type { TapCounters, TapQueue } from '@tapwire/tap-driver'

/** What of a stack's options can be sent to another thread. */
export type QueueStackOptions = Pick<
  StackOptions,
  'limits' | 'tcp' | 'names' | 'conflictDetection' | 'acceptRedirects' | 'stableSecret'
>

/** What a worker is started with. */
export interface WorkerStart {
  readonly queue: TapQueue
  readonly queues: number
  /** URL of the module whose default export is to run. */
  readonly module: string
  readonly interface: InterfaceSettings
  readonly stack: QueueStackOptions
  readonly data: unknown
  readonly siblings: readonly SiblingPort[]
}

export interface SiblingPort {
  readonly index: number
  readonly port: MessagePort
}

export type ToWorker = { readonly ask: 'stats'; readonly id: number } | { readonly ask: 'close' }

export type FromWorker =
  | { readonly say: 'running' }
  | { readonly say: 'stats'; readonly id: number; readonly stats: QueueStats }

/** What went between one stack and the others of its group. */
export interface SiblingCounters {
  /** Frames that concern all stacks (ARP replies, neighbour and router news, ICMP errors, multicast): copies sent, and received. */
  shared: number
  sharedIn: number
  /** Frames of flows that are not this stack's: sent on to the next, received, and come back, for nobody has that flow. */
  passedOn: number
  passedIn: number
  cameBack: number
  /** Frames that could not be sent because too many were on the way to that thread already. */
  refused: number
  /** Frames received that the stack could not take: it was closing. */
  notTaken: number
}

/** The counters of one queue; those of a group are their sums. */
export interface QueueCounters {
  readonly tcp: TcpCounters
  readonly udp: UdpCounters
  readonly tap: TapCounters
  readonly siblings: SiblingCounters
  readonly connections: number
  /** Milliseconds of processor time of the thread: its own, without V8's helpers. */
  readonly cpuTime: number
}

export interface QueueStats extends QueueCounters {
  readonly index: number
}
