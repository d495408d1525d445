import { readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openTap } from '../src/index.ts'
import { inNetns, openFds, Recorder, whyNoKernel } from './kernel.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`kernel tests of the TAP driver are skipped: ${reason}`)

describe.skipIf(reason !== null)('a TAP and the kernel', () => {
  it('opens in a namespace, sees frames, and leaves nothing behind', async () => {
    const home = readlinkSync('/proc/self/ns/net')
    const before = openFds()
    await inNetns(async (netns) => {
      const tap = await openTap({ netns, hostAddresses: ['10.77.0.1/24', 'fd77::1/64'], mtu: 1400 })
      const sink = new Recorder()
      tap.attach(sink)
      await sink.frame((x) => x.bytes.length > 0)
      await tap.close()
      expect(sink.closings).toEqual([null])
    })
    expect(openFds()).toBe(before)
    expect(readlinkSync('/proc/self/ns/net')).toBe(home)
  })
})
