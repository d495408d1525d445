import { createRequire } from 'node:module'
import { TransmitResult } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { fromTuntap2, type Tuntap2Device } from '../src/index.ts'
import { inNetns, Recorder, runNode, whyNoKernel } from './kernel.ts'
import { arpReply, isArpRequest, isIpv4 } from './packets.ts'

interface Package {
  LinuxTap: new () => Tuntap2Device & { isUp: boolean; ipv4: string }
}

/** The package compiles itself when it is installed, so it is no dependency: TAPWIRE_TUNTAP2 may name its folder. */
const FOLDER = process.env.TAPWIRE_TUNTAP2
const reason =
  whyNoKernel() ??
  (FOLDER === undefined
    ? 'TAPWIRE_TUNTAP2 does not name the folder of @xiaobaidadada/node-tuntap2-wintun'
    : null)
if (reason !== null) console.log(`the test of fromTuntap2() with the real package is skipped: ${reason}`)

describe.skipIf(reason !== null)('a real tuntap2 device', () => {
  it('carries frames to and from the kernel', async () => {
    const { LinuxTap } = createRequire(import.meta.url)(FOLDER!) as Package
    await inNetns(async (netns) => {
      const device = netns.run(() => {
        const tap = new LinuxTap()
        tap.ipv4 = '10.77.0.1/24'
        return tap
      })
      const link = netns.run(() => fromTuntap2(device))
      const sink = new Recorder()
      link.attach(sink)
      expect(link.transmit(sink.descriptor(new Uint8Array(60)))).toBe(TransmitResult.Full)
      netns.run(() => {
        device.isUp = true
      })
      const sender = runNode(
        netns,
        `const s = require('dgram').createSocket('udp4')
         setInterval(() => s.send('hello wire', 7000, '10.77.0.2'), 100)`,
      )
      const request = await sink.frame(({ bytes }) => isArpRequest(bytes))
      expect(link.transmit(sink.descriptor(arpReply(request.bytes)))).toBe(TransmitResult.Sent)
      const frame = await sink.frame(({ bytes }) => isIpv4(bytes, 17))
      expect(Buffer.from(frame.bytes.subarray(42)).toString()).toBe('hello wire')
      expect(sink.writables).toBe(1)
      await link.close()
      expect(sink.closings).toEqual([null])
      sender.kill()
    })
  })
})
