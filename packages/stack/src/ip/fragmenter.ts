import { foldSum, sumBytes } from '../core/checksum.ts'
import { TapwireError } from '../core/errors.ts'
import { TransmitResult, TxDescriptor } from '../link/device.ts'
import type { Internet } from './internet.ts'
import type { SendOptions } from './network.ts'
import type { RoutedPath } from './routed-path.ts'

/** Bytes before a fragment's IP header that stay free for the link's header and the device's. */
const HEAD_END = 128

/** What each version of IP puts before a fragment. */
export interface FragmentHeaders {
  /** @param at where in the datagram the fragment that `descriptor` holds begins @param more others follow */
  prependFragment(
    descriptor: TxDescriptor,
    path: RoutedPath,
    protocol: number,
    options: SendOptions,
    id: number,
    at: number,
    more: boolean,
  ): void
}

/**
 * Sends a datagram in pieces (FRG-09, V6F-01), of which it holds a copy meanwhile. One per stack and version: sending is
 * not re-entrant, and the block is given back at once.
 */
export class Fragmenter {
  readonly #internet: Internet
  readonly #headers: FragmentHeaders
  readonly #descriptor: TxDescriptor
  readonly #headEnd: number

  constructor(internet: Internet, headers: FragmentHeaders) {
    const { memory } = internet
    this.#internet = internet
    this.#headers = headers
    this.#descriptor = new TxDescriptor(memory)
    // The header area is small and lasts as long as the stack: allocated once, at the start.
    const block = memory.allocate(2 * HEAD_END)
    if (block < 0) throw new TapwireError('ENOMEM', 'The memory of the stack is used up')
    this.#headEnd = block + HEAD_END
  }

  /**
   * Sends what the stack's descriptor holds. Nothing has happened unless the answer is Sent.
   * @param step bytes of a fragment's data: a multiple of 8, as all but the last must be
   */
  send(path: RoutedPath, protocol: number, options: SendOptions, id: number, step: number): TransmitResult {
    const { descriptor: whole, counters, memory } = this.#internet
    const block = memory.allocate(whole.length)
    if (block < 0) {
      counters.outNoMemory++
      return TransmitResult.Refused
    }
    whole.copyTo(memory, block)
    if (whole.checksumStart >= 0) this.#completeChecksum(whole, block)
    const result = this.#sendPieces(path, protocol, options, id, step, block, whole.length)
    memory.free(block)
    if (result !== TransmitResult.Sent) return result
    counters.packetsOut++
    path.iface.counters.ip.packetsOut++
    counters.fragmentedOut++
    return result
  }

  #sendPieces(
    path: RoutedPath,
    protocol: number,
    options: SendOptions,
    id: number,
    step: number,
    block: number,
    length: number,
  ): TransmitResult {
    const descriptor = this.#descriptor
    const { counters } = this.#internet
    for (let at = 0; at < length; at += step) {
      descriptor.reset(this.#headEnd)
      descriptor.payloadOffset = block + at
      descriptor.payloadLength = Math.min(step, length - at)
      this.#headers.prependFragment(descriptor, path, protocol, options, id, at, at + step < length)
      const result = path.iface.link.send(descriptor, path.nextHop)
      if (result === TransmitResult.Sent) counters.fragmentsOut++
      else if (at === 0) return result
      else {
        // The beginning has left already; sending it again under a new identification would not help.
        counters.outFragmentsLost++
        break
      }
    }
    return TransmitResult.Sent
  }

  /** A fragment's checksum cannot be left to the device: it covers all of them. */
  #completeChecksum(whole: TxDescriptor, block: number): void {
    const { view } = this.#internet.memory
    const start = block + whole.checksumStart
    // The field holds the pseudo-header's sum already, and so counts itself in.
    const sum = foldSum(sumBytes(view, start, whole.length - whole.checksumStart))
    const value = ~sum & 0xffff
    view.setUint16(start + whole.checksumOffset, value === 0 ? 0xffff : value)
  }
}
