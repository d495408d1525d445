import { once } from 'node:events'
import { expect, it } from 'vitest'
import { KERNEL_SIDE, KernelSide } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

kernelSuite('a device that vanishes while connections run', kernelObstacle(['ip']), () => {
  it('ends their sockets as a lost link does, and leaves the process idle', async () => {
    const side = await KernelSide.open()
    try {
      const server = side.startNode(new URL('kernel-echo.ts', import.meta.url))
      const [port] = (await once(server, 'message')) as [number]
      const sockets = Object.values(KERNEL_SIDE).map((host) => side.net.connect(port, host))
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      for (const socket of sockets) socket.write(Buffer.alloc(256 * 1024))
      await Promise.all(sockets.map((socket) => once(socket, 'data')))
      for (const socket of sockets) socket.resume()

      const errors = sockets.map((socket) => once(socket, 'error') as Promise<[NodeJS.ErrnoException]>)
      const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      const deviceError = once(side.tap, 'error') as Promise<[NodeJS.ErrnoException]>
      await side.mustRun('ip', ['link', 'delete', side.tap.name])

      expect((await deviceError)[0].code).toMatch(/^E[A-Z]+$/)
      for (const error of errors)
        expect((await error)[0].code).toMatch(/^(ENETDOWN|ENETUNREACH|EHOSTUNREACH)$/)
      await Promise.all(closed)

      const before = process.cpuUsage()
      await new Promise((resolve) => setTimeout(resolve, 500))
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1000, 'milliseconds of CPU in half a second').toBeLessThan(250)
    } finally {
      await side.close()
    }
  })
})
