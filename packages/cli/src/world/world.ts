import type { Writable } from 'node:stream'
import { impair, type LinkDevice, Stack } from '@tapwire/stack'
import { Failure, Status } from '../failure.ts'
import { type Addresses, chooseAddresses, withoutLength } from './addresses.ts'
import type { WorldOptions } from './options.ts'
import { WatchedDevice } from './watched-device.ts'

/** A stack on a wire, and who is at its other end. */
export interface World {
  readonly stack: Stack
  readonly device: WatchedDevice
  /** One line: what the two ends are. */
  readonly description: string
  /** Addresses without prefix length; of each family at most the first matters to people. */
  readonly own: readonly string[]
  readonly far: readonly string[]
  readonly otherSide: OtherSide
  close(): Promise<void>
}

/** The end of the wire that is not the stack. */
export interface OtherSide {
  /** How somebody gets to the server at this port of the stack, as commands to type. */
  howToReach(commandFor: (host: string, port: number) => string, port: number): Promise<readonly string[]>
  /** Starts a command there, whose output goes where ours does. @returns its status, when it ends. @throws Failure where there is nowhere to run it */
  run(command: string, output: Output): Promise<number>
  /** The same, to its end, with what it prints. */
  capture(command: string): Promise<Captured>
  /** The stack there, where it is one. */
  readonly stack: Stack | null
  close(): Promise<void>
}

export interface Output {
  readonly stdout: Writable
  readonly stderr: Writable
}

export interface Captured {
  readonly status: number
  readonly output: string
  readonly errors: string
}

/** A device, made or attached to. */
export interface Wire {
  readonly device: LinkDevice
  readonly description: string
  readonly otherSide: OtherSide
}

const NO_DEVICE =
  'no device was named: --virtual makes a host in memory to talk to; --tap tap0 makes a real one, as root or under `unshare -Urn`'

/**
 * @param wrap puts something of the command's own between device and stack
 * @throws Failure that says what is missing and how to get it
 */
export async function openWorld(
  options: WorldOptions,
  wrap = (device: LinkDevice) => device,
): Promise<World> {
  if (options.device === null) throw new Failure(NO_DEVICE, Status.Usage)
  const addresses = chooseAddresses(options)
  const stack = new Stack({
    tcp: options.tcp,
    // On a cable in memory there is nobody to have a conflict with, and IPv6 would wait a second for him.
    conflictDetection: options.device.kind === 'virtual' ? 'off' : 'optimistic',
    ...(options.names === null ? {} : { names: options.names }),
  })
  const wire = await openWire(options, addresses)
  try {
    const bad = options.impair === null ? wire.device : impair(wire.device, options.impair)
    const device = new WatchedDevice(bad)
    stack.addInterface(wrap(device), {
      addresses: addresses.own,
      gateway: addresses.gateways,
      ...(options.mac === null ? {} : { mac: options.mac }),
    })
    return {
      stack,
      device,
      description: wire.description,
      own: addresses.own.map(withoutLength),
      far: addresses.far.map(withoutLength),
      otherSide: wire.otherSide,
      async close() {
        await stack.close()
        await wire.otherSide.close()
      },
    }
  } catch (error) {
    await wire.device.close()
    await wire.otherSide.close()
    throw error
  }
}

/** The device alone, and the other side. @throws Failure */
export async function openWire(options: WorldOptions, addresses: Addresses): Promise<Wire> {
  if (options.device?.kind === 'virtual')
    return (await import('./virtual-wire.ts')).openVirtualWire(options, addresses)
  return (await import('./kernel-wire.ts')).openKernelWire(options, addresses)
}
