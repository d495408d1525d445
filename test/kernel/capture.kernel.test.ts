import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture } from '@tapwire/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MEBIBYTE } from '../../examples/main/payload.ts'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { Peers } from '../support/peers.ts'
import { countPackets } from '../support/tshark.ts'

const PROTOCOLS = ['ip', 'tcp', 'icmp', 'icmpv6'] as const
/** tshark's word for a checksum that it computed and found right. */
const GOOD = 1
/**
 * Where a checksum comes out as 0, Linux writes its other form, ffff, for every protocol (CSUM_MANGLED_0). Both sum up
 * right, but tshark lets only UDP have it; one packet in 65,536 is such a one.
 */
const MANGLED_BY_KERNEL = `(tcp.checksum == 0xffff && (ip.src == ${KERNEL_SIDE.v4} || ipv6.src == ${KERNEL_SIDE.v6}))`

describe.each([true, false])('with offload %s', (offload) => {
  kernelSuite('a capture of an exchange with the kernel, read by tshark', kernelObstacle(['tshark']), () => {
    const folder = mkdtempSync(join(tmpdir(), 'tapwire-capture-'))
    const file = join(folder, 'exchange.pcapng')

    beforeAll(async () => {
      const blocks: Uint8Array[] = []
      const peers = await Peers.open({
        tap: { offload },
        wrap: (tap) => capture(tap, (block) => blocks.push(block)),
      })
      try {
        for (const address of Object.values(STACK_SIDE)) {
          await peers.client.ping(address)
          await peers.client.fetchPage(address)
          await peers.client.upload(address, MEBIBYTE, () => {})
          await peers.client.download(address, MEBIBYTE, () => {})
        }
      } finally {
        await peers.close()
        writeFileSync(file, Buffer.concat(blocks))
      }
    })

    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    it('has no malformed packet', async () => {
      expect(await countPackets(file, '_ws.malformed')).toBe(0)
      expect(await countPackets(file, 'frame')).toBeGreaterThan(50)
    })

    it.each(PROTOCOLS)('has a good checksum in every packet of %s', async (protocol) => {
      const status = `${protocol}.checksum.status`
      expect(await countPackets(file, `${status} && ${status} != ${GOOD} && !${MANGLED_BY_KERNEL}`)).toBe(0)
      expect(await countPackets(file, `${status} == ${GOOD}`)).toBeGreaterThan(0)
    })
  })
})
