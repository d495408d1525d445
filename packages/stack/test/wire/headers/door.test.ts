import fc from 'fast-check'
import { describe, it } from 'vitest'
import * as arp from '../../../src/wire/arp.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as icmpv4 from '../../../src/wire/icmpv4.ts'
import * as icmpv6 from '../../../src/wire/icmpv6.ts'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import * as ipv6 from '../../../src/wire/ipv6.ts'
import * as tcp from '../../../src/wire/tcp.ts'
import * as udp from '../../../src/wire/udp.ts'
import { i32 } from './placed.ts'

describe('no bytes throw at the door', () => {
  it('random ones, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), i32, (bytes, addresses) => {
        const view = new DataView(bytes.buffer)
        const length = bytes.length
        ethernet.checkEthernetHeader(view, 0, length)
        arp.checkArp(view, 0, length)
        if (ipv4.checkIpv4Header(view, 0, length) === 0) ipv4.scanIpv4Options(view, 0)
        ipv6.checkIpv6Header(view, 0, length)
        udp.checkUdpHeader(view, 0, length)
        tcp.checkTcpHeader(view, 0, length)
        icmpv4.checkIcmpv4(view, 0, length)
        icmpv6.checkIcmpv6(view, 0, length, addresses >>> 0)
      }),
      { numRuns: 20_000 },
    )
  })
})
