import { once } from 'node:events'
import { createDgram } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'
import * as dnsPacket from 'dns-packet'
import { describe, expect, test } from 'vitest'
import { listening } from '../support/dgram-scenes.ts'
import { cableWorld } from '../support/dgram-worlds.ts'

describe('over a stack of its own', () => {
  test('V6-18: a link-local peer is told with its zone, and can be answered', async () => {
    const world = cableWorld()
    const local = world.stacks[0].interfaces[1].addresses.find(
      ({ address }) => address.isLinkLocal && !address.isV4,
    )
    const server = world.server.createSocket('udp6')
    server.on('message', (bytes, from) => server.send(bytes, from.port, from.address))
    const port = await listening(server)
    const client = world.client.createSocket('udp6')
    const { formatAddress } = await import('@tapwire/stack')
    client.send('x', port, `${formatAddress(local?.address as never)}%eth0`)
    const [bytes, from] = await once(client, 'message')
    expect([String(bytes), from.address]).toEqual(['x', expect.stringMatching(/^fe80::.*%eth0$/)])
    client.close()
    server.close()
    await world.close()
  })

  test('a full device makes sends wait, and each is told when it has gone', async () => {
    const left = new Stack({ limits: { udpReceiveBuffer: 4 * 1024 * 1024 } })
    const right = new Stack({ limits: { udpReceiveBuffer: 4 * 1024 * 1024 } })
    const [a, b] = createCable({ queueFrames: 8 } as never)
    left.addInterface(a, { addresses: ['10.9.0.1/24'] })
    right.addInterface(b, { addresses: ['10.9.0.2/24'] })
    const receiver = createDgram(left).createSocket({ type: 'udp4', recvBufferSize: 2 * 1024 * 1024 })
    const port = await listening(receiver)
    let received = 0
    receiver.on('message', (bytes) => {
      received += bytes.length
    })
    const sender = createDgram(right).createSocket('udp4')
    sender.connect(port, '10.9.0.1')
    await once(sender, 'connect')
    sender.send('first, to resolve the neighbour')
    await once(receiver, 'message')
    received = 0
    const done = Promise.all(
      Array.from(
        { length: 400 },
        () =>
          new Promise<number>((resolve, reject) =>
            sender.send(Buffer.alloc(1400), (error, bytes) => (error ? reject(error) : resolve(bytes))),
          ),
      ),
    )
    expect(new Set(await done)).toEqual(new Set([1400]))
    expect(sender.getSendQueueCount()).toBe(0)
    while (received < 400 * 1400) await once(receiver, 'message')
    sender.close()
    receiver.close()
    await left.close()
    await right.close()
  })

  test('the receive buffer bounds what waits; the rest is lost and counted', async () => {
    const world = cableWorld()
    const receiver = world.server.createSocket('udp4')
    const port = await listening(receiver)
    receiver.setRecvBufferSize(10_000)
    const sender = world.client.createSocket('udp4')
    sender.connect(port, world.v4)
    await once(sender, 'connect')
    sender.send('first, to resolve the neighbour')
    await once(receiver, 'message')
    let count = 0
    receiver.on('message', () => count++)
    for (let i = 0; i < 100; i++) sender.send(Buffer.alloc(1000))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(count).toBeGreaterThan(5)
    expect(count + world.stacks[0].udp.counters.droppedQueueFull).toBe(100)
    expect(count).toBeLessThan(25)
    sender.close()
    receiver.close()
    await world.close()
  })

  test('a stack that is closed closes its sockets', async () => {
    const stack = new Stack()
    const socket = createDgram(stack).createSocket('udp4')
    await listening(socket)
    const closed = once(socket, 'close')
    await stack.close()
    await closed
    expect(() => socket.address()).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }))
  })

  test('names come from the stack’s own hosts', async () => {
    const stack = new Stack({ names: { hosts: { here: '127.0.0.1' } } })
    const dgram = createDgram(stack)
    const socket = dgram.createSocket('udp4')
    const port = await listening(socket, 0, 'here')
    dgram.createSocket('udp4').send('by name', port, 'here')
    expect(String((await once(socket, 'message'))[0])).toBe('by name')
    const error = await new Promise((resolve) => socket.send('x', 9, 'elsewhere', resolve))
    expect(error).toMatchObject({ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'elsewhere' })
    await stack.close()
  })

  test('a query of dns-packet is asked and answered', async () => {
    const world = cableWorld()
    const server = world.server.createSocket('udp4', (bytes, from) => {
      const { id, questions } = dnsPacket.decode(bytes)
      const answers = [{ type: 'A', name: questions?.[0].name ?? '', ttl: 60, data: '192.0.2.7' } as const]
      server.send(
        dnsPacket.encode({ type: 'response', id, questions, answers } as dnsPacket.Packet),
        from.port,
        from.address,
      )
    })
    await listening(server, 53)
    const client = world.client.createSocket('udp4')
    const question = { type: 'A', name: 'example.test' } as const
    client.send(dnsPacket.encode({ type: 'query', id: 7, questions: [question] }), 53, world.v4)
    const [bytes] = await once(client, 'message')
    expect(dnsPacket.decode(bytes)).toMatchObject({ id: 7, answers: [{ data: '192.0.2.7' }] })
    client.close()
    server.close()
    await world.close()
  })
})
