import { createCable, SeededRandom, Stack, type StackOptions, VirtualClock } from '@tapwire/stack'
import { afterEach, expect } from 'vitest'
import {
  AF_INET,
  AF_INET6,
  createSockets,
  type PendingCall,
  type Result,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketAddress,
  SocketError,
  type Sockets,
  type SocketsOptions,
} from '../src/index.ts'

/** Two hosts on a cable, in virtual time, each with a table of descriptors. */
export interface World {
  readonly clock: VirtualClock
  readonly a: Host
  readonly b: Host
}

export interface Host {
  readonly stack: Stack
  readonly sockets: Sockets
  readonly address: string
  readonly address6: string
  /** Memory in use before anything was opened. */
  readonly memory: number
}

let worlds: World[] = []

export function world(options: StackOptions = {}, socketsOptions: SocketsOptions = {}): World {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, latency: 5 })
  const host = (device: typeof left, number: number): Host => {
    const stack = new Stack({
      clock,
      random: new SeededRandom(number),
      conflictDetection: 'off',
      limits: { memory: 1 << 26 },
      ...options,
    })
    const address = `10.0.0.${number}`
    const address6 = `fd00::${number}`
    stack.addInterface(device, { addresses: [`${address}/24`, `${address6}/64`] })
    return {
      stack,
      sockets: createSockets(stack, socketsOptions),
      address,
      address6,
      memory: stack.memory.allocated,
    }
  }
  const made = { clock, a: host(left, 1), b: host(right, 2) }
  worlds.push(made)
  return made
}

afterEach(async () => {
  const all = worlds
  worlds = []
  for (const { a, b, clock } of all) {
    a.sockets.closeAll()
    b.sockets.closeAll()
    clock.advance(300_000)
    for (const { sockets, stack, memory } of [a, b]) {
      expect(sockets.size).toBe(0)
      expect(stack.tcp.sizes).toEqual({ connections: 0, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
      expect(stack.udp.size).toBe(0)
      expect(stack.memory.allocated).toBeLessThanOrEqual(memory)
      await stack.close()
    }
  }
})

export function at(host: Host, port: number): SocketAddress {
  return { family: AF_INET, address: host.address, port }
}

export function at6(host: Host, port: number): SocketAddress {
  return { family: AF_INET6, address: host.address6, port }
}

export const ANY: SocketAddress = { family: AF_INET, address: '0.0.0.0', port: 0 }
export const ANY6: SocketAddress = { family: AF_INET6, address: '::', port: 0 }

export function tcp(host: Host, flags = 0): number {
  return host.sockets.socket(AF_INET, SOCK_STREAM | flags)
}

export function udp(host: Host, flags = 0): number {
  return host.sockets.socket(AF_INET, SOCK_DGRAM | flags)
}

export function listening(host: Host, port = 80, backlog = 8): number {
  const fd = tcp(host)
  host.sockets.bind(fd, { ...ANY, port })
  host.sockets.listen(fd, backlog)
  return fd
}

/** The result of a call that must not wait. */
export function now<T>(result: Result<T>): T {
  expect(isPending(result), 'the call waits').toBe(false)
  return result as T
}

export function isPending<T>(result: Result<T>): result is PendingCall<T> {
  return result instanceof Promise
}

/** The result of a call that must wait. */
export function waits<T>(result: Result<T>): PendingCall<T> {
  expect(isPending(result), 'the call does not wait').toBe(true)
  expect((result as PendingCall<T>).settled).toBe(false)
  return result as PendingCall<T>
}

/** Lets time pass until the call is over. */
export function finished<T>({ clock }: World, result: Result<T>): T {
  if (!isPending(result)) return result
  expect(
    clock.runUntil(() => result.settled),
    'the call never ends',
  ).toBe(true)
  if (result.error !== undefined) throw result.error
  return result.value as T
}

/** The name of the error that a call fails with, at once or later. */
export function failure(made: World, call: () => Result<unknown>): string {
  try {
    finished(made, call())
  } catch (error) {
    expect(error).toBeInstanceOf(SocketError)
    return (error as SocketError).code
  }
  return 'none'
}

/** A connection from a to b: descriptors of the client, of what was accepted, and of the listener. */
export function connected(made: World, port = 80): { client: number; server: number; listener: number } {
  const { a, b, clock } = made
  const listener = listening(b, port)
  const client = tcp(a)
  finished(made, a.sockets.connect(client, at(b, port)))
  clock.advance(20)
  const server = finished(made, b.sockets.accept(listener))
  return { client, server, listener }
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** What can be read at once. */
export function readText(host: Host, fd: number, most = 1000, flags = 0): string {
  const bytes = new Uint8Array(most)
  return new TextDecoder().decode(bytes.subarray(0, now(host.sockets.recv(fd, bytes, flags))))
}
