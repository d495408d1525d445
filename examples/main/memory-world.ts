import { once } from 'node:events'
import { type AddressInfo, createServer as createHostServer, type Server } from 'node:net'
import { createHttp, createNet } from '@tapwire/net-api'
import { createCable, parseAddress, Stack } from '@tapwire/stack'
import { CaptureFile } from './capture-file.ts'
import { Client, type ClientModules, pingReport } from './client.ts'
import { stackCounters } from './counters.ts'
import { ECHO_PORT, HTTP_PORT, PINGS, type PingReport } from './tasks.ts'
import type { World } from './world.ts'

const SERVER = { v4: '10.77.0.2', v6: 'fd77::2' }
const CLIENT = { v4: '10.77.0.1', v6: 'fd77::1' }

/** Two stacks in this process, joined by a cable: no privilege, no device, any system. */
export async function openMemoryWorld(why: string): Promise<World> {
  const file = new CaptureFile()
  // With offload the cable carries super-frames, as a TAP does.
  const [left, right] = createCable({ offload: true })
  const serverStack = new Stack()
  const clientStack = new Stack()
  serverStack.addInterface(file.wrap(left), { addresses: [`${SERVER.v4}/24`, `${SERVER.v6}/64`] })
  clientStack.addInterface(right, { addresses: [`${CLIENT.v4}/24`, `${CLIENT.v6}/64`] })

  const serverNet = createNet(serverStack)
  const clientNet = createNet(clientStack)
  const doors: Server[] = []
  const close = async (): Promise<void> => {
    for (const door of doors) door.close()
    file.finish()
    await Promise.all([serverStack.close(), clientStack.close()])
  }
  return {
    description: `an in-memory network, two stacks in this process joined by a cable, ${why}`,
    servers: { createServer: serverNet.createServer, createHttpServer: createHttp(serverNet).createServer },
    client: new StackClient(clientStack, {
      connect: clientNet.connect,
      request: createHttp(clientNet).request,
      by: 'a second stack',
    }),
    addresses: SERVER,
    capturePath: file.path,
    finishCapture: () => file.finish(),
    counters: () => stackCounters(serverStack),
    howToReach: () => openDoors(clientNet, doors),
    close,
    // Nothing outlives the process but the capture.
    closeNow: () => file.finish(),
  }
}

/** A client on a stack of ours, which can send echo requests. */
class StackClient extends Client {
  readonly #stack: Stack

  constructor(stack: Stack, modules: ClientModules) {
    super(modules)
    this.#stack = stack
  }

  override async ping(text: string): Promise<PingReport> {
    const address = parseAddress(text)
    if (address === null) throw new Error(`${text} is no address`)
    const times: number[] = []
    for (let i = 0; i < PINGS; i++) {
      const result = await this.#stack.icmp.pingOnce(address, { timeout: 2000 })
      if (result.kind === 'reply' && result.intact) times.push(result.rtt / 1000)
    }
    return pingReport(times, 'a second stack')
  }
}

/** Ports of the host's loopback that lead, through the client's stack, to the servers: an in-memory network has no other door. */
async function openDoors(net: ReturnType<typeof createNet>, doors: Server[]): Promise<string[]> {
  const door = async (port: number): Promise<number> => {
    const server = createHostServer((outside) => {
      const inside = net.connect(port, SERVER.v4)
      outside.on('error', () => inside.destroy())
      inside.on('error', () => outside.destroy())
      outside.pipe(inside).pipe(outside)
    })
    doors.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  return [
    `curl http://127.0.0.1:${await door(HTTP_PORT)}/      (the page, through the in-memory network)`,
    `nc 127.0.0.1 ${await door(ECHO_PORT)}                 (the echo server)`,
  ]
}
