import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../shared/kernel-side.ts'
import { CaptureFile } from './capture-file.ts'
import { stackCounters } from './counters.ts'
import { RemoteClient } from './remote.ts'
import { ECHO_PORT, HTTP_PORT } from './tasks.ts'
import type { World } from './world.ts'

/** A TAP in a network namespace of its own, with the kernel on the other side. @throws Error that says what is missing */
export async function openKernelWorld(options: { ownNamespace: boolean }): Promise<World> {
  const file = new CaptureFile()
  const side = await KernelSide.open({ ...options, wrap: (tap) => file.wrap(tap) })
  try {
    const client = new RemoteClient(side.startNode(new URL('kernel-client.ts', import.meta.url)))
    await client.ready
    return makeWorld(side, client, file)
  } catch (error) {
    await side.close()
    throw error
  }
}

function makeWorld(side: KernelSide, client: RemoteClient, file: CaptureFile): World {
  const inside = side.entering
  return {
    description: `the kernel is the peer, by ${side.tap.name} in a network namespace of its own (${KERNEL_SIDE.v4}, ${KERNEL_SIDE.v6})`,
    servers: { createServer: side.net.createServer, createHttpServer: side.http.createServer },
    client,
    addresses: STACK_SIDE,
    capturePath: file.path,
    finishCapture: () => file.finish(),
    counters: () => stackCounters(side.stack),
    howToReach: async () => [
      `${inside} ping ${STACK_SIDE.v4}`,
      `${inside} curl http://${STACK_SIDE.v4}:${HTTP_PORT}/`,
      `${inside} curl http://[${STACK_SIDE.v6}]:${HTTP_PORT}/`,
      `${inside} nc ${STACK_SIDE.v4} ${ECHO_PORT}`,
    ],
    async close() {
      file.finish()
      await side.close()
    },
    closeNow() {
      file.finish()
      side.closeNow()
    },
  }
}
