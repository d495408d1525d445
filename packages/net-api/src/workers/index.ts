import type { InterfaceSettings, LinkDevice, Stack } from '@tapwire/stack'
import type { TapDevice, TapOptions } from '@tapwire/tap-driver'
import type { TapwireNet } from '../create-net.ts'
import { startGroup } from './group.ts'
import type { QueueStackOptions } from './messages.ts'
import type { QueueGroup } from './queue-group.ts'

export type { QueueCounters, QueueStackOptions, QueueStats, SiblingCounters } from './messages.ts'
export type { GroupStats, QueueFailure, QueueGroup } from './queue-group.ts'

/** What a module's default export is given besides its stack. */
export interface QueueContext {
  /** How many queues there are. */
  readonly queues: number
  /** The option `data`, as it arrived in this thread. */
  readonly data: unknown
}

/**
 * A module that runs once in the thread of each queue. Its default export is called with everything of its own: `net` of a stack,
 * the stack, and the queue's number from 0. What it returns is called when the group closes.
 */
export interface QueueModule {
  default(
    net: TapwireNet,
    stack: Stack,
    index: number,
    context: QueueContext,
  ): undefined | QueueCleanUp | Promise<undefined | QueueCleanUp> | void | Promise<void>
  /** Puts something between the queue's device and its stack: a capture, an impaired link. */
  wrap?(tap: TapDevice, index: number): LinkDevice
}

export type QueueCleanUp = () => unknown

export interface QueuesOptions {
  /** The module that runs on each stack; see `QueueModule`. */
  readonly module: URL
  /** How many queues, each with a thread and a stack of its own: 1 to 256; a processor each is what pays. */
  readonly queues: number
  /** How the interface is opened, as for `openTap`. */
  readonly tap?: Omit<TapOptions, 'queues'>
  /** The addresses and gateways of the stacks: they are one host. Their link-layer address is one, too. */
  readonly interface: InterfaceSettings
  /** Settings of each stack. The range of `tcp.ephemeralPorts` is divided among them. */
  readonly stack?: QueueStackOptions
  /** Given to each module; it has to be such as can be sent to another thread. */
  readonly data?: unknown
  /** Command-line options of the threads; default: those of the process. */
  readonly execArgv?: readonly string[]
}

/**
 * Opens a multi-queue TAP and starts a worker thread with a stack of its own for each queue. The stacks share their addresses, and
 * nothing else: the kernel chooses the queue by flow, and answers come back to the queue they were asked from. Whoever listens in
 * every module shares the connections; whoever listens in one has them all.
 *
 * @returns when the default exports of all modules have returned
 * @throws what `openTapQueues` throws, and what goes wrong in a module; nothing is left open then
 */
export function startQueues(options: QueuesOptions): Promise<QueueGroup> {
  return startGroup(options)
}
