import type { ServerModules } from './server.ts'
import type { ClientTasks } from './tasks.ts'

/** Two ends of a wire: the stack under the servers, and somebody who talks to it. */
export interface World {
  /** One line that says what the two ends are. */
  readonly description: string
  readonly servers: ServerModules
  readonly client: ClientTasks
  /** Addresses of the servers. */
  readonly addresses: { readonly v4: string; readonly v6: string }
  /** Where the capture of the first exchange is written. */
  readonly capturePath: string
  /** The first exchange is over. */
  finishCapture(): void
  /** What the stack counted, as rows of the table. */
  counters(): readonly (readonly [name: string, value: string])[]
  /** How a person reaches the servers while they stay up. */
  howToReach(): Promise<readonly string[]>
  /** Takes everything down that was made. */
  close(): Promise<void>
  /** The same in one go, for a process that is about to end. */
  closeNow(): void
}
