import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { afterAll, describe, test } from 'vitest'
import { settled } from '../support/helpers.ts'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const storage = new AsyncLocalStorage<string>()

describe.each(tapwireWorlds)('$name, as Node: contexts and channels', (world) => {
  test('AsyncLocalStorage is kept in every callback', () =>
    sameAsNode(world, async (scene) => {
      const { log } = scene
      const here = (name: string, what: string) => () =>
        log.note(name, what, 'in', storage.getStore() ?? 'nobody')
      const server = scene.server()
      server.on('connection', (socket: Socket) => {
        here('server', 'connection')()
        for (const event of ['data', 'end', 'finish', 'close', 'error'])
          socket.once(event, here('there', event))
        storage.run('there', () => {
          socket.write('x'.repeat(10), here('there', 'written'))
          // Once: how often it would come depends on how long the rest takes.
          socket.setTimeout(30, here('there', 'timeout')).once('timeout', () => socket.setTimeout(0))
        })
      })
      for (const event of ['listening', 'close']) server.on(event, here('server', event))
      const port = await storage.run('listen', () => scene.listening(server))
      const lookup = (_host: string, _options: object, callback: (...args: unknown[]) => void) =>
        setImmediate(callback, null, scene.world.v4, 4)
      const client = storage.run('make', () => scene.socket())
      for (const event of [
        'lookup',
        'connectionAttempt',
        'connect',
        'ready',
        'data',
        'end',
        'finish',
        'close',
      ]) {
        client.once(event, here('here', event))
      }
      storage.run('connect', () =>
        client.connect({ port, host: 'name', family: 4, lookup } as never, here('here', 'connected')),
      )
      client.write('early', here('here', 'written early'))
      await log.seen('client', 'data')
      storage.run('write', () => client.write('later', here('here', 'written later')))
      // More than there is room for: the callback comes much later.
      storage.run('much', () => client.write(Buffer.alloc(16 << 20), here('here', 'written much')))
      await log.seen('here', 'written much')
      await log.seen('there', 'timeout')
      storage.run('count', () => server.getConnections(here('server', 'counted')))
      await settled()
      storage.run('end', () => client.end(here('here', 'ended')))
      await scene.closed('client', 'accepted')
      storage.run('close', () => server.close(here('server', 'closed')))
      await scene.closed('server')
      const refused = storage.run('refused', () => scene.connectAs('refused', port, scene.world.v4))
      refused.on('error', here('refused', 'error')).on('close', here('refused', 'close'))
      await scene.closed('refused')
    }))

  test('diagnostics channels tell of sockets and of listening', () =>
    sameAsNode(world, async (scene) => {
      const { log } = scene
      const kind = (value: unknown) => (value as object).constructor.name
      const told = (name: string) => (message: unknown) => {
        const fields = Object.entries(message as object).map(([key, value]) => `${key}: ${kind(value)}`)
        log.note('channels', name, ...fields)
      }
      const channels = ['net.client.socket', 'net.server.socket'].map((name) => ({
        channel: channel(name),
        told: told(name),
      }))
      const listen = tracingChannel('net.server.listen')
      const trace = ['asyncStart', 'asyncEnd', 'error'] as const
      for (const name of trace)
        channels.push({ channel: listen[name] as never, told: told(`listen ${name}`) })
      for (const one of channels) one.channel.subscribe(one.told)
      try {
        const server = scene.server(undefined, (socket) => socket.end())
        const port = await scene.listening(server)
        const second = scene.server(undefined, undefined, 'second').on('error', () => {})
        second.listen(port, scene.world.v4)
        await log.seen('second', 'error')
        scene.connect(port, scene.world.v4).resume()
        await scene.closed('client')
        const socket = scene.socket(undefined, 'made')
        socket.connect(port, scene.world.v4).resume()
        await scene.closed('made')
      } finally {
        for (const one of channels) one.channel.unsubscribe(one.told)
      }
    }))
})
