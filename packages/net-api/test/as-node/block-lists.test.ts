import { once } from 'node:events'
import type { Server } from 'node:net'
import { BlockList } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { settled } from '../support/helpers.ts'
import { answering, sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

const major = Number(process.versions.node.split('.')[0])

afterAll(async () => {
  for (const world of worlds) await world.close()
})

/** Newer Nodes have block lists; older ones ignore the option, and there tapwire does as the newer. */
describe.each(tapwireWorlds)('$name: block lists', (world) => {
  const listOf = (address: string): BlockList => {
    const list = new BlockList()
    list.addAddress(address, address.includes(':') ? 'ipv6' : 'ipv4')
    return list
  }

  const server = async (options: object): Promise<{ server: Server; port: number; seen: string[] }> => {
    const seen: string[] = []
    const made = world.server.createServer(options, (socket) => {
      seen.push('connection')
      socket.end()
    })
    made.on('drop', () => seen.push('drop')).listen(0)
    await once(made, 'listening')
    return { server: made, port: (made.address() as { port: number }).port, seen }
  }

  test('NM-06 the server closes connections of a blocked peer without a word', async () => {
    const { server: made, port, seen } = await server({ blockList: listOf(world.client4) })
    const blocked = world.client.connect(port, world.v4).resume()
    blocked.on('error', () => {})
    await once(blocked, 'close')
    expect(seen).toEqual([])
    const free = world.client.connect(port, world.v6).resume()
    await once(free, 'close')
    expect(seen).toEqual(['connection'])
    made.close()
  })

  test('NK-24 a blocked address is not connected to', async () => {
    const { server: made, port, seen } = await server({})
    const blockList = listOf(world.v4)
    const events: unknown[] = []
    const client = new world.client.Socket({ blockList } as object)
    client
      .on('connectionAttempt', (address) => events.push(address))
      .on('close', (failed) => events.push(failed))
    client.connect(port, world.v4)
    const [error] = await once(client, 'error')
    await settled()
    expect({ ...error, message: error.message }).toEqual({
      code: 'ERR_IP_BLOCKED',
      message: `IP(${world.v4}) is blocked by net.BlockList`,
    })
    expect(events).toEqual([world.v4, true])
    expect(seen).toEqual([])
    const lookup = answering(null, [
      { address: world.v4, family: 4 },
      { address: world.v6, family: 6 },
    ])
    const other = world.client.connect({ port, host: 'name', blockList, lookup } as never).resume()
    await once(other, 'connect')
    expect(other.remoteAddress).toBe(world.v6)
    await once(other, 'close')
    made.close()
  })

  test('NM-06, NK-24 as Node does it (Node 22 and later know the option)', (context) => {
    if (major < 22) context.skip('this Node does not know the option')
    return sameAsNode(world, async (scene, net) => {
      const bad: unknown[] = [5, {}, 'x', []]
      for (const blockList of bad) {
        scene.log.call('module', 'socket', () => new net.Socket({ blockList } as object))
        scene.log.call('module', 'server', () => net.createServer({ blockList } as object))
      }
      const { v4, v6 } = scene.world
      const blocking = scene.server({ blockList: listOf(scene.world.client4) })
      const port = await scene.listening(blocking)
      scene
        .connectAs('blocked there', port, v4)
        .on('error', () => {})
        .resume()
      await scene.closed('blocked there')
      const here = scene.socket({ blockList: listOf(v4) }, 'blocked here')
      here.on('error', () => {})
      here.connect(port, v4)
      await scene.closed('blocked here')
      const both = listOf(v4)
      both.addAddress(v6, 'ipv6')
      const lookup = answering(null, [
        { address: v6, family: 6 },
        { address: v4, family: 4 },
      ])
      const all = scene.socket({ blockList: both }, 'all blocked')
      all.on('error', () => {})
      all.connect({ port, host: 'name', lookup } as never)
      await scene.closed('all blocked')
      scene.log.note('all blocked', 'attempted', all.autoSelectFamilyAttemptedAddresses)
    })
  })
})
