import { once } from 'node:events'
import type * as nodeNet from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect } from 'vitest'
import { EventLog } from './event-log.ts'
import { settled } from './helpers.ts'
import { type World, worlds } from './worlds.ts'

const [node, ...others] = worlds
/** Where tapwire is held against Node. */
export const tapwireWorlds: readonly World[] = others

/** What is asked of a socket when its state is noted. */
const STATE = [
  'connecting',
  'pending',
  'readyState',
  'destroyed',
  'closed',
  'readable',
  'writable',
  'readableEnded',
  'writableEnded',
  'writableFinished',
  'readableFlowing',
  'allowHalfOpen',
  'timeout',
  'bytesRead',
  'bytesWritten',
  'bufferSize',
  'writableLength',
  'readableHighWaterMark',
  'writableHighWaterMark',
  'localAddress',
  'localFamily',
  'remoteAddress',
  'remoteFamily',
] as const

/** One telling of a story, in one world: what it makes and does is written down. */
export class Scene {
  readonly log = new EventLog()
  readonly world: World
  readonly #servers: Server[] = []
  readonly #sockets: Socket[] = []
  #accepted = 0

  constructor(world: World) {
    this.world = world
    const { names } = this.log
    // Where two hosts talk their addresses differ, where there is one they do not.
    for (const [address, name] of [
      [world.v4, '<host>'],
      [world.client4, '<host>'],
      [world.v6, '<host6>'],
      [world.client6, '<host6>'],
    ]) {
      names.set(address, name)
    }
  }

  /** A server whose events are written down, and those of the sockets it accepts: 'accepted', 'accepted 2', … */
  server(options?: unknown, listener?: (socket: Socket) => void, name = 'server'): Server {
    const { createServer } = this.world.server as unknown as { createServer(...args: unknown[]): Server }
    const server = createServer(options, listener)
    this.#servers.push(server)
    server.prependListener('connection', (socket: Socket) => {
      this.#accepted++
      this.#watchSocket(this.#accepted === 1 ? 'accepted' : `accepted ${this.#accepted}`, socket)
    })
    this.log.watch(name, server)
    return server
  }

  /** Starts listening, by default on the world's IPv4 address. @returns the port, which the log calls 'the port' */
  async listening(server: Server, ...args: unknown[]): Promise<number> {
    const given = args.length === 0 ? [0, this.world.v4] : args
    ;(server.listen as (...args: unknown[]) => Server).apply(server, given)
    if (!server.listening || server.address() === null) await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    this.log.names.set(String(port), '<the port>')
    return port
  }

  /** A free port that nobody listens on; its name in the log is `name`. */
  async freePort(name = '<a free port>'): Promise<number> {
    const server = this.world.server.createServer()
    server.listen(0, this.world.v4)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    this.log.names.set(String(port), name)
    return port
  }

  socket(options?: object, name = 'client'): Socket {
    const socket = new this.world.client.Socket(options)
    this.#watchSocket(name, socket)
    return socket
  }

  connect(...args: unknown[]): Socket {
    return this.connectAs('client', ...args)
  }

  connectAs(name: string, ...args: unknown[]): Socket {
    const socket = (this.world.client.connect as unknown as (...args: unknown[]) => Socket)(...args)
    this.#watchSocket(name, socket)
    return socket
  }

  /** A client and what the server accepted, both ready. */
  async pair(
    options: object = {},
    clientOptions: object = {},
  ): Promise<{ server: Server; client: Socket; accepted: Socket }> {
    const server = this.server(options)
    const port = await this.listening(server)
    const connection = once(server, 'connection')
    const client = this.connect({ port, host: this.world.v4, ...clientOptions })
    const [[accepted]] = await Promise.all([connection, this.log.seen('client', 'ready')])
    return { server, client, accepted: accepted as Socket }
  }

  /** Writes down what can be read off a socket. */
  state(name: string, socket: Socket, when = 'state'): void {
    const values: Record<string, unknown> = {}
    const fields = socket as unknown as Record<string, unknown>
    for (const key of STATE) values[key] = fields[key]
    values.handle = fields._handle !== null
    values.localPort = typeof fields.localPort
    values.remotePort = typeof fields.remotePort
    values.address = socket.address()
    this.log.note(name, when, values)
  }

  /** Until each of these had its 'close'. */
  async closed(...names: string[]): Promise<void> {
    for (const name of names) await this.log.seen(name, 'close')
  }

  /** Ends what is left. What comes of it is not part of the story. */
  async end(): Promise<void> {
    for (const server of this.#servers) {
      server.removeAllListeners()
      if (server.listening) server.close()
    }
    for (const socket of this.#sockets) {
      socket.on('error', () => {})
      socket.destroy()
    }
    await settled(3)
  }

  #watchSocket(name: string, socket: Socket): void {
    this.#sockets.push(socket)
    this.log.watch(name, socket)
  }
}

export type LookupCallback = (error: Error | null, address?: unknown, family?: unknown) => void

/** A lookup that answers as told, later or at once. */
export const answering =
  (error: Error | null, address: unknown, family?: unknown, now = false) =>
  (_host: string, _options: object, callback: LookupCallback) => {
    if (now) callback(error, address, family)
    else setImmediate(callback, error, address, family)
  }

export type Story = (scene: Scene, net: typeof nodeNet) => Promise<unknown> | unknown

/** What is written down when a story is told in a world. */
export async function told(world: World, story: Story): Promise<Record<string, unknown[]>> {
  const scene = new Scene(world)
  try {
    await story(scene, world.client)
    await scene.log.quiet()
    return structuredClone(scene.log.lists())
  } finally {
    await scene.end()
  }
}

/**
 * Tells a story over Node's own `net` and over tapwire: nobody may notice a difference.
 * @param except objects whose events are a matter of luck in a kernel, too
 */
export async function sameAsNode(
  world: World,
  story: Story,
  except: readonly string[] = [],
): Promise<Record<string, unknown[]>> {
  const expected = await told(node, story)
  const found = await told(world, story)
  for (const name of except) {
    delete expected[name]
    delete found[name]
  }
  // A story that says nothing would be the same everywhere.
  expect(Object.keys(expected).length, 'objects in the log').toBeGreaterThan(0)
  expect(found).toEqual(expected)
  return expected
}
