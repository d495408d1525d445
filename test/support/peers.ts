import { RemoteClient } from '../../examples/main/remote.ts'
import { startServers } from '../../examples/main/server.ts'
import { KernelSide, type KernelSideOptions } from '../../examples/shared/kernel-side.ts'

/** The main job's servers on a stack, and its client on the kernel's side of the wire. */
export class Peers {
  readonly side: KernelSide
  readonly client: RemoteClient
  readonly #servers: { close(): void }

  constructor(side: KernelSide, client: RemoteClient, servers: { close(): void }) {
    this.side = side
    this.client = client
    this.#servers = servers
  }

  static async open(options: KernelSideOptions = {}): Promise<Peers> {
    const side = await KernelSide.open(options)
    try {
      const servers = await startServers({
        createServer: side.net.createServer,
        createHttpServer: side.http.createServer,
      })
      const program = new URL('../../examples/main/kernel-client.ts', import.meta.url)
      const client = new RemoteClient(side.startNode(program))
      await client.ready
      return new Peers(side, client, servers)
    } catch (error) {
      await side.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#servers.close()
    await this.side.close()
  }
}
