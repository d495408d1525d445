import { sumBytes } from '../core/checksum.ts'
import type { LinkDevice } from './device.ts'

const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd
const ETHERTYPE_VLAN = 0x8100
const ETHERTYPE_SERVICE_VLAN = 0x88a8
const TCP = 6
const UDP = 17
const HOP_BY_HOP = 0
const DESTINATION_OPTIONS = 60

/**
 * Where the headers of a TCP or UDP packet stand in a frame: what it takes to finish a checksum or to cut a
 * super-frame. It belongs to the link layer because that is where an offload is done for a device that lacks it.
 * One reused record; every position counts from the frame's start.
 */
export class TransportLayout {
  version: 4 | 6 = 4
  /** The IP header. */
  network = 0
  /** 6 or 17. */
  protocol = 0
  /** The TCP or UDP header. */
  transport = 0
  /** The first byte after it. */
  payload = 0
  /** The first byte after the packet; what follows is Ethernet padding. */
  end = 0

  /** Where the transport's checksum field stands. */
  get checksumField(): number {
    return this.transport + (this.protocol === TCP ? 16 : 6)
  }

  get isTcp(): boolean {
    return this.protocol === TCP
  }

  /**
   * Reads a frame of which the first `contiguous` bytes lie at `offset` and which is `total` bytes long.
   * @returns false for anything but a whole, unfragmented TCP or UDP packet whose lengths agree
   */
  parse(
    view: DataView,
    offset: number,
    contiguous: number,
    total: number,
    medium: LinkDevice['medium'],
  ): boolean {
    let at = 0
    if (medium === 'ethernet') {
      at = 14
      if (contiguous < at) return false
      let type = view.getUint16(offset + 12)
      while (type === ETHERTYPE_VLAN || type === ETHERTYPE_SERVICE_VLAN) {
        at += 4
        if (contiguous < at) return false
        type = view.getUint16(offset + at - 2)
      }
      if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return false
    }
    if (contiguous < at + 20) return false
    this.network = at
    const version = view.getUint8(offset + at) >>> 4
    if (version === 4) return this.#parseIpv4(view, offset, contiguous, total)
    if (version === 6) return this.#parseIpv6(view, offset, contiguous, total)
    return false
  }

  /** The running sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1). */
  pseudoSum(view: DataView, offset: number): number {
    const at = offset + this.network
    const addresses = this.version === 4 ? sumBytes(view, at + 12, 8) : sumBytes(view, at + 8, 32)
    return addresses + this.protocol + (this.end - this.transport)
  }

  #parseIpv4(view: DataView, offset: number, contiguous: number, total: number): boolean {
    const at = offset + this.network
    const headerLength = (view.getUint8(at) & 0x0f) * 4
    const totalLength = view.getUint16(at + 2)
    if (headerLength < 20 || totalLength < headerLength) return false
    // A fragment has no transport header, or not the whole payload.
    if ((view.getUint16(at + 6) & 0x3fff) !== 0) return false
    this.version = 4
    this.protocol = view.getUint8(at + 9)
    this.transport = this.network + headerLength
    this.end = this.network + totalLength
    return this.#parseTransport(view, offset, contiguous, total)
  }

  #parseIpv6(view: DataView, offset: number, contiguous: number, total: number): boolean {
    const at = offset + this.network
    if (contiguous < this.network + 40) return false
    this.version = 6
    this.end = this.network + 40 + view.getUint16(at + 4)
    let next = view.getUint8(at + 6)
    let position = this.network + 40
    // Not through a routing header: with it the pseudo-header's destination is not the one in the IP header.
    while (next === HOP_BY_HOP || next === DESTINATION_OPTIONS) {
      if (contiguous < position + 8) return false
      next = view.getUint8(offset + position)
      position += (view.getUint8(offset + position + 1) + 1) * 8
    }
    this.protocol = next
    this.transport = position
    return this.#parseTransport(view, offset, contiguous, total)
  }

  #parseTransport(view: DataView, offset: number, contiguous: number, total: number): boolean {
    if (this.end > total) return false
    const at = offset + this.transport
    if (this.protocol === TCP) {
      if (contiguous < this.transport + 20) return false
      const headerLength = (view.getUint8(at + 12) >>> 4) * 4
      this.payload = this.transport + headerLength
      return headerLength >= 20 && this.payload <= contiguous && this.payload <= this.end
    }
    if (this.protocol !== UDP || contiguous < this.transport + 8) return false
    const length = view.getUint16(at + 4)
    this.payload = this.transport + 8
    if (length < 8 || this.transport + length > this.end) return false
    this.end = this.transport + length
    return true
  }
}
