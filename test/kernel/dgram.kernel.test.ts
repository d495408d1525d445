import type { ChildProcess } from 'node:child_process'
import type { Socket, SocketType } from 'node:dgram'
import { once } from 'node:events'
import { createDgram } from '@tapwire/net-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

kernelSuite('dgram with the kernel as its peer', kernelObstacle(['ip']), () => {
  let side: KernelSide
  let kernel: ChildProcess
  const heard: { heard?: unknown; from?: string; error?: string }[] = []
  const open: Socket[] = []

  beforeAll(async () => {
    side = await KernelSide.open()
    kernel = side.startNode(new URL('kernel-dgram.ts', import.meta.url))
    await once(kernel, 'message')
    kernel.on('message', (message) => heard.push(message as object))
  })

  afterAll(async () => {
    for (const socket of open) socket.close()
    await side?.close()
  })

  async function bound(type: SocketType, port = 0): Promise<Socket> {
    const socket = createDgram(side.stack).createSocket({ type, reuseAddr: true })
    open.push(socket)
    socket.bind(port)
    await once(socket, 'listening')
    return socket
  }

  const told = async (): Promise<object> => (await once(kernel, 'message'))[0] as object
  const sides = [
    ['udp4', KERNEL_SIDE.v4, STACK_SIDE.v4],
    ['udp6', KERNEL_SIDE.v6, STACK_SIDE.v6],
  ] as const

  it.each(sides)('%s: echo, and FRG-09: 60,000 bytes in fragments, both ways', async (type, there) => {
    const socket = await bound(type)
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(60_000, 'abcdefg')]) {
      socket.send(bytes, 7, there)
      const [back, from] = await once(socket, 'message')
      expect(bytes.equals(back)).toBe(true)
      expect(from).toMatchObject({ address: there, port: 7, size: bytes.length })
    }
  })

  it.each(sides)(
    '%s: UDP-03, UDP-04: a closed port is told, in both directions',
    async (type, there, here) => {
      const socket = await bound(type)
      socket.connect(9, there)
      await once(socket, 'connect')
      socket.send('x')
      const [error] = await once(socket, 'error')
      expect(error).toMatchObject({
        code: 'ECONNREFUSED',
        syscall: 'recvmsg',
        message: 'recvmsg ECONNREFUSED',
      })
      const message = told()
      kernel.send({ type, text: 'x', port: 9, host: here, connect: true })
      expect(await message).toEqual({ error: 'ECONNREFUSED' })
    },
  )

  it('UDP-08: broadcasts, in both directions', async () => {
    const socket = await bound('udp4', 5007)
    socket.setBroadcast(true)
    for (const to of ['255.255.255.255', '10.77.0.255']) {
      const message = told()
      socket.send('to all', 7, to)
      expect(await message).toEqual({ heard: 'to all', from: STACK_SIDE.v4 })
      await once(socket, 'message')
    }
    kernel.send({ type: 'udp4', text: 'to all of you', port: 5007, host: '10.77.0.255' })
    expect(String((await once(socket, 'message'))[0])).toBe('to all of you')
  })

  it.each([
    ['udp4', '239.3.3.3', STACK_SIDE.v4],
    ['udp6', 'ff02::3:3', '::%eth0'],
  ] as const)('%s: MCAST-01, MCAST-02: a group, in both directions', async (type, group, iface) => {
    const socket = await bound(type, type === 'udp4' ? 5008 : 5009)
    socket.addMembership(group, iface)
    socket.setMulticastInterface(iface)
    const message = told()
    socket.send('to the group', 7, group)
    expect(await message).toMatchObject({ heard: 'to the group' })
    await once(socket, 'message')
    kernel.send({ type, text: 'to your group', port: socket.address().port, host: group })
    const [bytes, from] = await once(socket, 'message')
    expect(String(bytes)).toBe('to your group')
    expect(from.address).toMatch(type === 'udp4' ? /^10\.77\.0\.1$/ : /^(fe80::.*%eth0|fd77::1)$/)
  })
})
