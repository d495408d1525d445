import type { Socket, SocketType } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, describe, expect, test } from 'vitest'
import { listening } from '../support/dgram-scenes.ts'
import { cableWorld, tapwireWorlds } from '../support/dgram-worlds.ts'
import { asNode } from './as-node.ts'

afterAll(async () => {
  for (const world of tapwireWorlds) await world.close()
})

describe('multicast and broadcast', () => {
  const LO = '127.0.0.1'
  asNode(
    'MCAST-02: a group on the loopback interface',
    async (story, { server }) => {
      const make = async (port = 0): Promise<Socket> => {
        const socket = story.own(server.createSocket({ type: 'udp4', reuseAddr: true }))
        await listening(socket, port)
        return socket
      }
      const a = await make()
      const { port } = a.address()
      const b = await make(port)
      const group = '239.5.5.5'
      const got: string[] = []
      a.on('message', (bytes, from) => got.push(`a ${bytes} ${from.address}`))
      b.on('message', (bytes, from) => got.push(`b ${bytes} ${from.address}`))
      const say = async (what: string): Promise<void> => {
        a.send(what, port, group)
        await new Promise((resolve) => setTimeout(resolve, 25))
        story.note(got.splice(0).sort())
      }
      a.setMulticastInterface(LO)
      await say('nobody joined')
      a.addMembership(group, LO)
      await say('one joined')
      a.setMulticastLoopback(false)
      await say('no loopback, on lo')
      a.setMulticastTTL(0)
      await say('not beyond this host')
      a.dropMembership(group, LO)
      await say('left')
      a.addSourceSpecificMembership('127.0.0.9', group, LO)
      b.addSourceSpecificMembership('127.0.0.9', group, LO)
      await say('another source')
      a.addSourceSpecificMembership('127.0.0.1', group, LO)
      await say('this source, too, for one')
    },
    7,
  )

  async function joinBoth(type: SocketType, group: string, iface: (side: 0 | 1) => string): Promise<void> {
    const world = cableWorld()
    const log: string[] = []
    const here = world.client.createSocket({ type, reuseAddr: true })
    const there = world.server.createSocket({ type, reuseAddr: true })
    const port = await listening(here)
    await listening(there, port)
    here.on('message', (bytes) => log.push(`here ${bytes}`))
    there.on('message', (bytes, from) => log.push(`there ${bytes} ${from.address}`))
    there.addMembership(group, iface(0))
    here.addMembership(group)
    here.setMulticastInterface(iface(1))
    const say = async (what: string): Promise<string[]> => {
      await new Promise<void>((resolve, reject) =>
        here.send(what, port, group, (error) => (error ? reject(error) : resolve())),
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
      return log.splice(0).sort()
    }
    const from = type === 'udp4' ? '10.9.0.2' : expect.stringMatching(/^(fe80::.*%eth0|fd09::2)$/)
    const both = await say('1')
    expect(both[0]).toBe('here 1')
    expect(both[1].slice('there 1 '.length)).toEqual(from)
    here.setMulticastLoopback(false)
    expect((await say('2')).map((line) => line.slice(0, 7))).toEqual(['there 2'])
    here.setMulticastLoopback(true)
    here.setMulticastTTL(0)
    expect(await say('3')).toEqual(['here 3'])
    here.setMulticastTTL(1)
    there.dropMembership(group, iface(0))
    expect(await say('4')).toEqual(['here 4'])
    here.close()
    there.close()
    await world.close()
  }

  test('MCAST-01, MCAST-02: IPv4 between two stacks, and the sender hears itself', () =>
    joinBoth('udp4', '239.7.7.7', (side) => (side === 0 ? '10.9.0.1' : '10.9.0.2')))

  test('V6-16: IPv6 between two stacks, and the sender hears itself', () =>
    joinBoth('udp6', 'ff02::7:7', () => '::%eth0'))

  test('only the sources that were asked for are received', async () => {
    const world = cableWorld()
    const there = world.server.createSocket('udp4')
    const port = await listening(there)
    const seen: string[] = []
    there.on('message', (bytes) => seen.push(String(bytes)))
    there.addSourceSpecificMembership('10.9.0.99', '232.1.1.1')
    const here = world.client.createSocket('udp4')
    here.send('unwanted', port, '232.1.1.1')
    await new Promise((resolve) => setTimeout(resolve, 20))
    there.addSourceSpecificMembership('10.9.0.2', '232.1.1.1')
    here.send('wanted', port, '232.1.1.1')
    await once(there, 'message')
    expect(seen).toEqual(['wanted'])
    here.close()
    there.close()
    await world.close()
  })

  test('UDP-08: a broadcast reaches everybody on the link, the sender too, once it is allowed', async () => {
    const world = cableWorld()
    const sockets = [world.client, world.server].map((dgram) => dgram.createSocket('udp4'))
    const port = await listening(sockets[0])
    await listening(sockets[1], port)
    const messages = sockets.map((socket) => once(socket, 'message'))
    for (const to of ['255.255.255.255', '10.9.0.255']) {
      const error = await new Promise((resolve) => sockets[0].send('x', port, to, resolve))
      expect(error).toMatchObject({ code: 'EACCES', message: `send EACCES ${to}:${port}` })
    }
    sockets[0].setBroadcast(true)
    sockets[0].send('all', port, '255.255.255.255')
    for (const [bytes, from] of await Promise.all(messages)) {
      expect([String(bytes), from]).toEqual(['all', { address: '10.9.0.2', family: 'IPv4', port, size: 3 }])
    }
    for (const socket of sockets) socket.close()
    await world.close()
  })
})
