import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createNet } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'
import { usageFailure } from '../failure.ts'
import { type Addresses, withoutLength } from './addresses.ts'
import type { WorldOptions } from './options.ts'
import { startServices } from './services.ts'
import type { Captured, OtherSide, Wire } from './world.ts'

const NO_KERNEL = '--peer needs a device: with --virtual there is no kernel on the other side'

/** A cable in memory with a host at its other end that answers echo requests and has small servers. */
export async function openVirtualWire(options: WorldOptions, addresses: Addresses): Promise<Wire> {
  if (options.netns !== null) throw usageFailure('--netns has no meaning with --virtual: there is no device')
  if (options.peer !== null) throw usageFailure(NO_KERNEL)
  const cable = createCable({
    offload: options.offload,
    ...(options.mtu === null ? {} : { mtu: options.mtu }),
  })
  const far = new Stack({ conflictDetection: 'off' })
  far.addInterface(cable[1], { addresses: addresses.far })
  await startServices(far)
  const own = withoutLength(addresses.own[0])
  return {
    device: cable[0],
    description: `a cable in memory: ${addresses.own.map(withoutLength).join(' and ')} here, and a host that answers at ${addresses.far.map(withoutLength).join(' and ')}`,
    otherSide: new VirtualSide(far, own),
  }
}

class VirtualSide implements OtherSide {
  readonly stack: Stack
  readonly #own: string
  readonly #doors: Server[] = []

  constructor(far: Stack, own: string) {
    this.stack = far
    this.#own = own
  }

  /** A network in memory has no other door than a port of this machine's loopback, from which the far host connects. */
  async howToReach(
    commandFor: (host: string, port: number) => string,
    port: number,
  ): Promise<readonly string[]> {
    return [commandFor('127.0.0.1', await this.#openDoor(port))]
  }

  async #openDoor(port: number): Promise<number> {
    const net = createNet(this.stack)
    const door = createServer({ allowHalfOpen: true }, (outside) => {
      const inside = net.connect({ port, host: this.#own, allowHalfOpen: true })
      outside.on('error', () => inside.destroy())
      inside.on('error', () => outside.destroy())
      outside.pipe(inside).pipe(outside)
    })
    this.#doors.push(door)
    door.listen(0, '127.0.0.1')
    await once(door, 'listening')
    return (door.address() as AddressInfo).port
  }

  run(): Promise<number> {
    throw usageFailure(NO_KERNEL)
  }

  capture(): Promise<Captured> {
    throw usageFailure(NO_KERNEL)
  }

  async close(): Promise<void> {
    for (const door of this.#doors) door.close()
    await this.stack.close()
  }
}
