import { setTimeout as later } from 'node:timers/promises'
import { afterAll, describe, test } from 'vitest'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(tapwireWorlds)('$name, as Node: timeouts and settings', (world) => {
  test('NF-19, NF-20 setTimeout: arguments, the property, the event', () =>
    sameAsNode(world, async (scene) => {
      const { client } = await scene.pair()
      const forms: unknown[][] = [
        [-1],
        [Number.NaN],
        [Number.POSITIVE_INFINITY],
        ['5'],
        [undefined],
        [{}],
        [10, 5],
        [10, 'x'],
        [0, () => {}],
      ]
      for (const [i, form] of forms.entries()) {
        scene.log.call(
          'client',
          `form ${i}`,
          () => (client.setTimeout as (...args: unknown[]) => unknown).apply(client, form) === client,
        )
        scene.log.note('client', 'timeout', client.timeout)
      }
      client.setTimeout(30, scene.log.callback('client', 'callback'))
      scene.log.note('client', 'timeout', client.timeout, client.listenerCount('timeout'))
      await scene.log.seen('client', 'timeout')
      await scene.log.seen('client', 'callback')
      scene.log.note('client', 'still', client.readyState, client.timeout, client.listenerCount('timeout'))
      client.setTimeout(0)
      scene.log.note('client', 'off', client.timeout)
      await later(60)
      client.destroy()
      scene.log.call('client', 'destroyed', () => client.setTimeout(10) === client)
      scene.log.note('client', 'destroyed', client.timeout)
    }))

  test('NF-19 reads and writes start the span again', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.resume()
      client.resume()
      for (const by of [client, accepted]) {
        let expired = false
        client.setTimeout(300, () => {
          expired = true
        })
        for (let i = 0; i < 5; i++) {
          await later(100)
          by.write('x')
        }
        scene.log.note('timer', by === client ? 'writing' : 'reading', expired)
        client.removeAllListeners('timeout')
      }
      client.setTimeout(20)
      await scene.log.seen('client', 'timeout')
      client.setTimeout(0)
    }))

  test('NF-20 the timeout option of connect', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const client = scene.connect({ port, host: scene.world.v4, timeout: 300 })
      scene.log.note('client', 'timeout', client.timeout)
      await scene.log.seen('client', 'timeout')
      client.end()
      await scene.closed('client')
    }))

  test('NF-21 to NF-23 settings return the socket at any time', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const client = scene.socket({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 1500 })
      const all = (when: string) => {
        const set = client as unknown as Record<string, (...args: unknown[]) => unknown>
        const calls: [string, unknown[]][] = [
          ['setNoDelay', []],
          ['setNoDelay', [false]],
          ['setNoDelay', [undefined]],
          ['setKeepAlive', []],
          ['setKeepAlive', [true]],
          ['setKeepAlive', [true, 2500]],
          ['setKeepAlive', [true, 0]],
          ['setKeepAlive', [true, -1]],
          ['setKeepAlive', [false, 5]],
          ['setKeepAlive', [true, 1e9]],
        ]
        for (const [i, [name, args]] of calls.entries())
          scene.log.call('client', `${when} ${name} ${i}`, () => set[name](...args) === client)
      }
      all('fresh')
      client.connect(port, scene.world.v4)
      all('connecting')
      await scene.log.seen('client', 'ready')
      all('connected')
      client.end()
      await scene.closed('client')
      all('closed')
    }))
})
