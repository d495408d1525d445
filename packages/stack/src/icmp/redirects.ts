import type { RouterEvents } from '../ethernet/ndp.ts'
import { IpAddress } from '../ip/address.ts'
import type { Interface } from '../ip/interface.ts'
import type { Internet } from '../ip/internet.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import { ipv6SourceWord } from '../wire/ipv6.ts'
import {
  findNdpOption,
  ndpDestinationWord,
  ndpOptionLength,
  ndpOptionsStart,
  ndpTargetWord,
} from '../wire/ndp.ts'

/** The option that quotes the packet a redirect is about (RFC 4861 section 4.6.3), and its own header's length. */
const REDIRECTED_HEADER = 4
const OPTION_HEADER = 8

/**
 * What a host makes of routers' messages on one interface: redirects are followed (ND-21). Advertisements are not yet
 * made use of; gateways are configured.
 */
export class Redirects implements RouterEvents {
  readonly #internet: Internet
  readonly #iface: Interface

  constructor(internet: Internet, iface: Interface) {
    this.#internet = internet
    this.#iface = iface
  }

  onRouterAdvertisement(): void {}

  /**
   * ND-04's last rule: the source is the first hop in use towards the destination. The quoted packet tells from which
   * address of ours it was sent; without one there is nothing to match.
   */
  onRedirect(packet: PacketIn): boolean {
    const { view } = this.#internet.memory
    const end = packet.offset + packet.length
    const start = packet.offset + ndpOptionsStart(Icmpv6Type.Redirect)
    const option = findNdpOption(view, start, end, REDIRECTED_HEADER)
    if (option < 0 || ndpOptionLength(view, option) < OPTION_HEADER + 40) return false
    const quoted = option + OPTION_HEADER
    const local = addressOf((word) => ipv6SourceWord(view, quoted, word))
    const remote = addressOf((word) => ndpDestinationWord(view, packet.offset, word))
    const target = addressOf((word) => ndpTargetWord(view, packet.offset, word))
    const from = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3)
    return this.#internet.router.redirect(this.#iface, from, local, remote, target)
  }
}

function addressOf(word: (index: number) => number): IpAddress {
  return new IpAddress(word(0), word(1), word(2), word(3))
}
