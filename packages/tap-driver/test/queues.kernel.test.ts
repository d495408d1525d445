import { describe, expect, it } from 'vitest'
import { openTap, openTapQueue, openTapQueues } from '../src/index.ts'
import { inNetns, openFds, Recorder, whyNoKernel } from './kernel.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`tests of queues against the kernel are skipped: ${reason}`)

const HOST = '10.77.0.1/24'

describe.skipIf(reason !== null)('the queues of a TAP', () => {
  it('are opened at once, an fd each, and closed one by one; the last takes the interface with it', async () => {
    await inNetns(async (netns) => {
      const before = openFds()
      const tap = await openTapQueues({ netns, name: 'many7', queues: 3, hostAddresses: [HOST] })
      expect(openFds()).toBe(before + 3)
      expect(tap).toMatchObject({ name: 'many7', mtu: 1500 })
      expect(tap.queues.map(({ index }) => index)).toEqual([0, 1, 2])
      tap.closeQueue(1)
      tap.closeQueue(1)
      expect(openFds()).toBe(before + 2)
      // There is still such an interface, with queues.
      await expect(openTap({ netns, name: 'many7' })).rejects.toMatchObject({ code: 'EEXIST' })
      tap.close()
      tap.close()
      expect(openFds()).toBe(before)
      await (await openTap({ netns, name: 'many7' })).close()
    })
  })

  it('survive being sent to another thread, and the end of the device that was made of them', async () => {
    await inNetns(async (netns) => {
      const tap = await openTapQueues({ netns, queues: 2, hostAddresses: [HOST], mac: '02:00:00:00:00:07' })
      const before = openFds()
      const device = openTapQueue(structuredClone(tap.queues[1]!))
      expect(device).toMatchObject({ name: tap.name, hostIndex: tap.hostIndex, hostMac: tap.hostMac })
      expect(device.capabilities).toMatchObject({ tso4: true, mac: Uint8Array.of(2, 0, 0, 0, 0, 7) })
      const sink = new Recorder()
      device.attach(sink)
      await device.close()
      expect(sink.closings).toEqual([null])
      // The poll's own descriptors aside, the queue's is still there.
      expect(openFds()).toBeGreaterThanOrEqual(before)
      const again = openTapQueue(tap.queues[1]!)
      again.attach(new Recorder())
      await again.close()
      tap.close()
    })
  })

  it('may be a single one, and none is left open when one cannot be had', async () => {
    await inNetns(async (netns) => {
      const single = await openTap({ netns, name: 'single7' })
      const before = openFds()
      const one = await openTapQueues({ netns, queues: 1 })
      expect(one.queues).toHaveLength(1)
      one.close()
      await expect(openTapQueues({ netns, queues: 0 })).rejects.toThrow(/from 1 to 256/)
      await expect(openTapQueues({ netns, queues: 257 })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      await expect(openTapQueues({ netns, name: 'single7', queues: 2 })).rejects.toMatchObject({
        syscall: 'ioctl',
      })
      expect(openFds()).toBe(before)
      await single.close()
    })
  })
})
