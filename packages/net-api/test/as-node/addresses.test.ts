import { afterAll, describe, test } from 'vitest'
import { settled } from '../support/helpers.ts'
import { answering, type LookupCallback, sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(tapwireWorlds)('$name, as Node: names and addresses', (world) => {
  test('NK-07 what a lookup is asked', () =>
    sameAsNode(world, async (scene) => {
      let clients = 0
      const lookup = (...args: unknown[]) => {
        scene.log.note('lookup', 'asked', ...args.slice(0, 2))
        ;(args[2] as LookupCallback)(new Error('no'))
      }
      for (const options of [
        {},
        { family: 4 },
        { family: 6 },
        { family: 'IPv6' },
        { family: 0 },
        { hints: 0 },
        { hints: 4 },
        { autoSelectFamily: false },
      ]) {
        clients++
        const client = scene.socket(undefined, `client ${clients}`)
        client.on('error', () => {})
        client.connect({ port: 80, host: 'name', lookup, ...options } as never)
        await scene.closed(`client ${clients}`)
      }
      // Nobody asks about an address.
      const literal = scene.connectAs('literal', { port: 9, host: scene.world.v4, lookup: lookup as never })
      literal.on('error', () => {})
      await scene.closed('literal')
    }))

  test('NK-08 a lookup that fails', () =>
    sameAsNode(world, async (scene) => {
      const fields = { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'name' }
      const error = Object.assign(new Error('getaddrinfo ENOTFOUND name'), fields)
      for (const [i, more] of [{}, { family: 4 }, { now: true }].entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => {})
        client.write('never sent', scene.log.callback(name, 'write'))
        client.connect({
          port: 80,
          host: 'name',
          lookup: answering(error, undefined, undefined, 'now' in more),
          ...more,
        } as never)
        await scene.closed(name)
        scene.state(name, client, 'afterwards')
      }
    }))

  test('NK-09 a lookup that answers nonsense', () =>
    sameAsNode(world, async (scene) => {
      const answers: [unknown, unknown][] = [
        ['nonsense', 4],
        ['', 4],
        [undefined, undefined],
        [scene.world.v4, 5],
        [scene.world.v4, undefined],
      ]
      for (const [i, [address, family]] of answers.entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => {})
        client.connect({
          port: 80,
          host: 'name',
          family: 4,
          lookup: answering(null, address, family),
        } as never)
        await scene.closed(name)
      }
      for (const [i, list] of [
        [{ address: 'x', family: 4 }],
        [{ address: scene.world.v6, family: 9 }],
      ].entries()) {
        const name = `list ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => {})
        client.connect({ port: 80, host: 'name', lookup: answering(null, list) } as never)
        await settled()
        client.destroy()
        await scene.closed(name)
      }
    }))

  test('NK-10, NK-12 to NK-14 the addresses of a name, in turn', () =>
    sameAsNode(world, async (scene) => {
      const { v4, v6 } = scene.world
      const server = scene.server(undefined, (socket) => socket.end())
      const port = await scene.listening(server)
      const address = (text: string) => ({ address: text, family: text.includes(':') ? 6 : 4 })
      const answers = [[v6, v4], [v4, v6], [v4], [v6, v6, v4], ['nonsense', v4]]
      for (const [i, answer] of answers.entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.connect({ port, host: 'name', lookup: answering(null, answer.map(address)) } as never).resume()
        client.on('connect', () =>
          scene.log.note(name, 'attempted', client.autoSelectFamilyAttemptedAddresses),
        )
        await scene.closed(name)
        scene.log.note(name, 'attempted', client.autoSelectFamilyAttemptedAddresses)
      }
    }))

  test('NK-11 all addresses refuse: one AggregateError', () =>
    sameAsNode(world, async (scene) => {
      const port = await scene.freePort('<the port>')
      const { v4, v6 } = scene.world
      const all = [
        { address: v6, family: 6 },
        { address: v4, family: 4 },
      ]
      for (const [i, options] of [{}, { localPort: 0 }, { noDelay: true }].entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => {})
        client.write('x', scene.log.callback(name, 'write'))
        client.connect({ port, host: 'name', lookup: answering(null, all), ...options } as never)
        await scene.closed(name)
        scene.log.note(name, 'attempted', client.autoSelectFamilyAttemptedAddresses)
      }
    }))

  test('NK-17, NK-14, NE-01 refused, with and without a local end', () =>
    sameAsNode(world, async (scene) => {
      const port = await scene.freePort('<the port>')
      const localPort = await scene.freePort('<the local port>')
      const { v4, v6, client4 } = scene.world
      const forms = [
        { host: v4 },
        { host: v6 },
        { host: v4, localAddress: client4 },
        { host: v4, localPort },
        { host: v4, localAddress: client4, localPort },
      ]
      for (const [i, form] of forms.entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => scene.state(name, client, 'at the error'))
        client.connect({ port, ...form }, scene.log.callback(name, 'callback'))
        await scene.closed(name)
      }
    }))

  test('NK-18, NE-03 no way there at all', () =>
    sameAsNode(world, async (scene) => {
      // A kernel says so before anything is sent.
      scene.log.names.set('0.0.0.0', '<any>')
      const client = scene.socket()
      client.on('error', () => {})
      client.connect(80, '255.255.255.255')
      await scene.closed('client')
    }))

  test('NK-19, NE-08, NE-09 local ends that are not to be had', () =>
    sameAsNode(world, async (scene) => {
      const { v4, foreign4, client4 } = scene.world
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const localPort = await scene.freePort('<the local port>')
      const first = scene.connectAs('first', { port, host: v4, localAddress: client4, localPort })
      await scene.log.seen('first', 'connect')
      const forms = [
        { localAddress: foreign4 },
        { localAddress: foreign4, localPort },
        { localAddress: client4, localPort },
      ]
      for (const [i, form] of forms.entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => {})
        client.connect({ port, host: v4, ...form })
        await scene.closed(name)
      }
      first.destroy()
    }))
})
