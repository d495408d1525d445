import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, describe, test } from 'vitest'
import { settled, until } from '../support/helpers.ts'
import { type Scene, sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

/** An error that a story waits for is not uncaught. */
const calm = (...sockets: Socket[]): void => {
  for (const socket of sockets) socket.on('error', () => {})
}

/** What a socket was busy with when its end came. */
const phases = ['fresh', 'connecting', 'connected', 'writing', 'ended', 'peer ended', 'destroyed'] as const

async function inPhase(scene: Scene, phase: (typeof phases)[number], name: string): Promise<Socket> {
  const server = scene.server(
    { allowHalfOpen: true },
    (socket) => socket.on('error', () => {}),
    `${name}'s server`,
  )
  const port = await scene.listening(server)
  const socket = scene.socket({ allowHalfOpen: phase === 'peer ended' }, name)
  calm(socket)
  if (phase === 'fresh') return socket
  const accepted = once(server, 'connection') as Promise<[Socket]>
  socket.connect(port, scene.world.v4)
  if (phase === 'connecting') return socket
  const [there] = await accepted
  await scene.log.seen(name, 'ready')
  if (phase === 'writing') {
    // More than any buffer between the two holds, and nobody reads.
    there.pause()
    socket.write(Buffer.alloc(16 << 20), scene.log.callback(name, 'written'))
    socket.write('behind', scene.log.callback(name, 'written behind'))
    // Until the other side has its fill, and reads no more.
    await until(() => there.readableLength >= there.readableHighWaterMark)
    await settled()
  } else if (phase === 'ended') {
    socket.end()
    await scene.log.seen(name, 'finish')
  } else if (phase === 'peer ended') {
    socket.resume()
    there.end()
    await scene.log.seen(name, 'end')
  } else if (phase === 'destroyed') socket.destroy()
  return socket
}

describe.each(tapwireWorlds)('$name, as Node: ending', (world) => {
  test('NF-04 every form of end', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const forms: ((name: string) => unknown[])[] = [
        () => [],
        (name) => [scene.log.callback(name, 'callback')],
        () => ['text'],
        () => ['ff', 'hex'],
        (name) => ['text', scene.log.callback(name, 'callback')],
        (name) => ['ff', 'hex', scene.log.callback(name, 'callback')],
        (name) => [Buffer.from('x'), scene.log.callback(name, 'callback')],
        () => [null],
      ]
      for (const [i, form] of forms.entries()) {
        const name = `client ${i}`
        const client = scene.connectAs(name, port, scene.world.v4)
        await scene.log.seen(name, 'ready')
        scene.log.call(
          name,
          'end',
          () => (client.end as (...args: unknown[]) => unknown).apply(client, form(name)) === client,
        )
        scene.log.moments(name)
        await scene.closed(name, i === 0 ? 'accepted' : `accepted ${i + 1}`)
        scene.log.note(name, 'written', client.bytesWritten)
      }
    }))

  test('NF-05 end while connecting waits for connect', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.on('data', () => {}))
      const port = await scene.listening(server)
      const client = scene.socket()
      client.connect(port, scene.world.v4)
      client.end('last words', scene.log.callback('client', 'ended'))
      scene.state('client', client, 'at once')
      await scene.closed('client', 'accepted')
    }))

  test("NF-06, NE-10 the peer's FIN ends both, and is no error; unread data holds the end back", () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.end('data first')
      await settled()
      scene.state('client', client, 'nobody reads')
      client.resume()
      await scene.closed('client', 'accepted')
      scene.state('client', client, 'closed')
    }))

  test('NF-07, NF-29 half-open: each side ends when it wants to', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair({ allowHalfOpen: true }, { allowHalfOpen: true })
      accepted.on('data', () => {})
      client.on('data', () => {})
      client.end('a')
      await scene.log.seen('accepted', 'end')
      scene.state('accepted', accepted, 'after the end')
      scene.state('client', client, 'after its own end')
      accepted.write('b', scene.log.callback('accepted', 'written'))
      await scene.log.seen('client', 'data')
      accepted.end()
      await scene.closed('client', 'accepted')
    }))

  test('NF-08, NF-17 the order of a normal end, from both sides', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.on('data', () => {})
      client.on('data', () => {})
      client.write('question', scene.log.callback('client', 'written'))
      await scene.log.seen('accepted', 'data')
      accepted.write('answer')
      await scene.log.seen('client', 'data')
      client.end(scene.log.callback('client', 'end callback'))
      scene.log.moments('client')
      await scene.closed('client', 'accepted')
    }))

  test('NF-09 writing and ending after the own end', () =>
    sameAsNode(world, async (scene) => {
      for (const what of ['write', 'end with data', 'end', 'end with a callback']) {
        const name = `client that does ${what}`
        const server = scene.server(
          undefined,
          (socket) => socket.on('error', () => {}).resume(),
          `server of ${what}`,
        )
        const port = await scene.listening(server)
        const client = scene.connectAs(name, port, scene.world.v4)
        calm(client)
        await scene.log.seen(name, 'ready')
        client.end()
        if (what === 'write')
          scene.log.call(name, what, () => client.write('x', scene.log.callback(name, 'callback')))
        else if (what === 'end with data') client.end('x', scene.log.callback(name, 'callback'))
        else if (what === 'end') client.end()
        else client.end(scene.log.callback(name, 'callback'))
        scene.log.moments(name)
        await scene.closed(name)
      }
    }))

  test('NF-10 writing inside the end handler, after it, and after close', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      calm(client)
      accepted.on('data', () => {})
      client.resume()
      client.on('end', () => {
        scene.log.call('client', 'write in the end', () =>
          client.write('in time', scene.log.callback('client', 'in time')),
        )
        setTimeout(() => {
          scene.log.call('client', 'write too late', () =>
            client.write('late', scene.log.callback('client', 'late')),
          )
          scene.log.moments('client')
        }, 50)
      })
      accepted.end()
      await scene.log.seen('client', '-- a tick later')
      scene.log.call('client', 'write after close', () =>
        client.write('x', scene.log.callback('client', 'after close')),
      )
      await settled()
    }))

  test('NF-10 the error is told on the next tick, to a socket that is still open', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      calm(client, accepted)
      client.resume()
      // Something to be sent keeps the socket from closing at once.
      accepted.pause()
      client.write(Buffer.alloc(16 << 20))
      accepted.end()
      await scene.log.seen('client', 'end')
      await settled()
      scene.log.call('client', 'write', () => client.write('x', scene.log.callback('client', 'callback')))
      scene.log.moments('client')
      await scene.closed('client')
    }))

  test('NF-11 writing after destroy', () =>
    sameAsNode(world, async (scene) => {
      const { client } = await scene.pair()
      calm(client)
      client.destroy()
      scene.log.call('client', 'write', () => client.write('x', scene.log.callback('client', 'callback')))
      scene.log.call(
        'client',
        'end',
        () => client.end('y', scene.log.callback('client', 'end callback')) === client,
      )
      scene.log.moments('client')
      await scene.closed('client')
      client.write('z', scene.log.callback('client', 'after close'))
      await settled()
    }))

  test('NF-12, NE-05 a reset, reading and writing', () =>
    sameAsNode(world, async (scene) => {
      for (const busy of [false, true]) {
        const name = busy ? 'writing' : 'idle'
        const server = scene.server(undefined, undefined, `server of ${name}`)
        const port = await scene.listening(server)
        const accepted = once(server, 'connection') as Promise<[Socket]>
        const client = scene.connectAs(name, port, scene.world.v4)
        calm(client)
        client.resume()
        const [there] = await accepted
        await scene.log.seen(name, 'ready')
        if (busy) {
          there.pause()
          client.write(Buffer.alloc(16 << 20), scene.log.callback(name, 'written'))
        }
        await settled()
        there.resetAndDestroy()
        await scene.closed(name)
        scene.state(name, client, 'closed')
      }
    }))

  test('NF-13, NE-07 writing into a connection that was reset, by one who does not read', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair({ pauseOnConnect: true })
      calm(accepted)
      client.resetAndDestroy()
      await scene.closed('client')
      await settled()
      scene.log.note('accepted', 'knows nothing', accepted.destroyed)
      accepted.write('x', scene.log.callback('accepted', 'written'))
      await scene.closed('accepted')
    }))

  test('NF-14, NF-17, NF-18 destroy in each phase, with an error and without', () =>
    sameAsNode(world, async (scene) => {
      for (const phase of phases) {
        for (const error of [undefined, new Error('mine')]) {
          const name = `${phase}${error === undefined ? '' : ' with an error'}`
          const socket = await inPhase(scene, phase, name)
          scene.log.call(name, 'destroy', () => socket.destroy(error) === socket)
          scene.state(name, socket, 'at once')
          scene.log.moments(name)
          await scene.closed(name)
          socket.destroy(new Error('too late'))
          await settled(3)
        }
      }
    }))

  test('NF-15 destroySoon in each phase', () =>
    sameAsNode(world, async (scene) => {
      for (const phase of phases) {
        // What nobody reads is never sent: that one would wait for ever, and so would one that nobody connects.
        if (phase === 'writing' || phase === 'fresh') continue
        const socket = await inPhase(scene, phase, phase)
        scene.log.call(phase, 'destroySoon', () => socket.destroySoon())
        scene.log.note(phase, 'at once', socket.destroyed, socket.writableEnded)
        scene.log.moments(phase)
        await scene.closed(phase)
      }
    }))

  test('NF-15 destroySoon sends what was written', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.on('data', () => {})
      client.write('a')
      client.write('b')
      client.destroySoon()
      await scene.closed('client', 'accepted')
    }))

  test('NF-16 resetAndDestroy in each phase', () =>
    sameAsNode(
      world,
      async (scene) => {
        for (const phase of phases) {
          const socket = await inPhase(scene, phase, phase)
          scene.log.call(phase, 'resetAndDestroy', () => socket.resetAndDestroy() === socket)
          scene.log.note(phase, 'at once', socket.destroyed, socket.connecting)
          scene.log.moments(phase)
          await scene.closed(phase)
        }
        // What the last one's peer hears of it.
        await settled()
      },
      // The first is reset at once: its server may hear of that, or of nothing (NS-27).
      ['accepted', "connecting's server"],
    ))

  test('NF-16 the peer of a reset', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      calm(accepted)
      accepted.resume()
      client.resetAndDestroy()
      await scene.closed('client', 'accepted')
    }))

  test('NF-17 pending writes fail once each, when the socket is destroyed', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      calm(client, accepted)
      accepted.pause()
      client.write(Buffer.alloc(16 << 20), scene.log.callback('client', 'first'))
      for (let i = 0; i < 3; i++) client.write('behind', scene.log.callback('client', `behind ${i}`))
      client.end(scene.log.callback('client', 'end'))
      client.destroy(new Error('mine'))
      scene.log.moments('client')
      await scene.closed('client')
      await settled()
    }))

  test('NF-18, NE-10 one error, then close, whatever comes after', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      calm(client, accepted)
      client.on('error', () => client.destroy(new Error('another')))
      client.destroy(new Error('the first'))
      client.destroy(new Error('the second'))
      client.write('x')
      await scene.closed('client', 'accepted')
      await settled()
    }))

  test('NF-35 ready comes directly after connect, in the same turn', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end())
      const port = await scene.listening(server)
      const client = scene.connect(port, scene.world.v4)
      client.on('connect', () => {
        process.nextTick(() => scene.log.note('client', 'a tick after connect'))
        queueMicrotask(() => scene.log.note('client', 'a promise after connect'))
      })
      client.resume()
      await scene.closed('client')
    }))

  test('_handle is null once closed, and _unrefTimer can be called at any time', () =>
    sameAsNode(world, async (scene) => {
      const { client } = await scene.pair()
      const inner = client as unknown as {
        _handle: unknown
        _unrefTimer(): void
        _hadError: unknown
        _parent: unknown
      }
      const look = (when: string) => {
        inner._unrefTimer()
        scene.log.note(
          'client',
          when,
          inner._handle === null,
          typeof inner._handle,
          inner._hadError,
          inner._parent,
        )
      }
      look('open')
      client.setTimeout(50)
      look('with a timeout')
      client.destroy()
      look('destroyed')
      await scene.closed('client')
      look('closed')
    }))
})
