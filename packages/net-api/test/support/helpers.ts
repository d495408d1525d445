import { createHash } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { World } from './worlds.ts'

/** Starts listening. @returns the port */
export async function listening(server: Server, ...args: unknown[]): Promise<number> {
  ;(server.listen as (...args: unknown[]) => Server).apply(server, args.length > 0 ? args : [0])
  if (!server.listening || server.address() === null) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** NS-04: the arguments of every form of `listen` that binds to a free port. */
export function listenForms({ v4, v6 }: Pick<World, 'v4' | 'v6'>): unknown[][] {
  return [
    [],
    [null],
    [undefined],
    [0],
    ['0'],
    [0, 5],
    [0, v4],
    [0, v4, 5],
    [{ port: 0 }],
    [{ port: null }],
    [{ port: undefined }],
    [{ port: 0, host: v4, backlog: 3, exclusive: true }],
    [{ port: 0, host: v6, ipv6Only: true }],
    [{ port: 0, host: '::' }],
    [{ port: 0, host: '0.0.0.0' }],
    [{ port: 0, host: '' }],
  ]
}

export async function closed(server: Server): Promise<void> {
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}

/** A connected pair. `server` is closed to further connections, and by that with its socket. */
export interface Pair {
  readonly here: Socket
  readonly there: Socket
  readonly server: Server
}

export async function connectedPair(world: World, options: object = {}): Promise<Pair> {
  const server = world.server.createServer(options)
  const port = await listening(server, 0, world.v4)
  const accepted = once(server, 'connection')
  const here = world.client.connect({ port, host: world.v4, ...options })
  const [[there]] = await Promise.all([accepted, once(here, 'connect')])
  server.close()
  return { here, there: there as Socket, server }
}

/** Destroys both and waits until everything is told. */
export async function endPair(pair: Pair): Promise<void> {
  const open = [pair.here, pair.there].filter((socket) => !socket.closed)
  for (const socket of open) socket.on('error', () => {})
  const ends = open.map((socket) => (socket.destroyed ? null : once(socket, 'close')))
  for (const socket of open) socket.destroy()
  await Promise.all(ends)
}

/** Writes down the events of an emitter, with what `describe` makes of their arguments. */
export function logged(
  emitter: EventEmitter,
  names: readonly string[],
  log: string[] = [],
  prefix = '',
): string[] {
  for (const name of names) {
    emitter.on(name, (...args: unknown[]) => log.push([prefix + name, ...args.map(show)].join(' ')))
  }
  return log
}

function show(value: unknown): string {
  if (value instanceof Error) return (value as NodeJS.ErrnoException).code ?? value.message
  if (Buffer.isBuffer(value)) return `<${value.length}>`
  return String(value)
}

/** The fields of an error that programs look at. */
export function fieldsOf(error: unknown): Record<string, unknown> {
  const { name, message } = error as Error
  return { name, message, constructor: (error as Error).constructor.name, ...(error as object) }
}

/** What a call throws. */
export function thrownBy(call: () => unknown): Record<string, unknown> {
  try {
    call()
  } catch (error) {
    return { ...fieldsOf(error), text: String(error) }
  }
  throw new Error('Nothing was thrown')
}

/** A turn of the event loop, and then some: whatever loopback traffic is due has happened. */
export async function settled(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until `done` holds, looking after each turn of the event loop. */
export async function until(done: () => boolean, what = 'the condition'): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** A small generator for sizes and pauses that are the same in every run. */
export function sequence(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** `length` bytes in which every position is recognisable. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(Math.imul(i + 1, 0x9e3779b1) >>> 0, i)
  return bytes
}

/** 'close', whether or not an 'error' comes before it. */
export function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** Reads to the end. */
export async function drained(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}
