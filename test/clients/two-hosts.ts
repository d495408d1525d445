import { createHash } from 'node:crypto'
import { createRequireHook } from '@tapwire/net-api'
import { createCable, impair, Stack } from '@tapwire/stack'

/** Two hosts on a cable that loses a frame now and then, and the packages of this folder as each of them loads them. */
export class TwoHosts {
  readonly server = new Stack({ names: { hosts: { server: '10.9.0.1' } } })
  readonly client = new Stack({ names: { hosts: { server: '10.9.0.1' } } })
  /** Loads a package as a program of that host does. */
  readonly onServer = createRequireHook(this.server, import.meta.url)
  readonly onClient = createRequireHook(this.client, import.meta.url)

  constructor() {
    const [a, b] = createCable()
    this.server.addInterface(impair(a, { seed: 3, loss: 0.001 }), { addresses: ['10.9.0.1/24'] })
    this.client.addInterface(b, { addresses: ['10.9.0.2/24'] })
  }

  /** Payload bytes that the client's TCP has had acknowledged: what shows that a test went through the stacks. */
  get bytesMoved(): number {
    return this.client.tcp.counters.bytesIn + this.server.tcp.counters.bytesIn
  }

  async close(): Promise<void> {
    await this.client.close()
    await this.server.close()
  }
}

/** The address of `server` in `TwoHosts`. */
export const SERVER = '10.9.0.1'

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
