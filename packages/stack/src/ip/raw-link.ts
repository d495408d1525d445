import type { Memory } from '../core/memory.ts'
import type { LinkDevice, RxFrame, TransmitResult, TxDescriptor } from '../link/device.ts'
import type { InterfaceCounters } from './counters.ts'
import type { InterfaceLink } from './interface.ts'
import type { InterfaceAddress, LinkEvents } from './link-port.ts'

/** The link layer of a medium that has none: packets go out as they are (TUN, loopback). */
export class RawIpLink implements InterfaceLink {
  readonly headerLength = 0
  readonly #memory: Memory
  readonly #device: LinkDevice
  readonly #events: LinkEvents
  readonly #counters: InterfaceCounters

  constructor(memory: Memory, device: LinkDevice, events: LinkEvents, counters: InterfaceCounters) {
    this.#memory = memory
    this.#device = device
    this.#events = events
    this.#counters = counters
  }

  onFrame(frame: RxFrame): void {
    const version = frame.length > 0 ? this.#memory.u8[frame.offset] >>> 4 : 0
    if (version === 4 || version === 6) this.#events.onIpPacket(frame.offset, frame.length, version, false)
    else this.#counters.droppedVersion++
  }

  send(descriptor: TxDescriptor): TransmitResult {
    return this.#device.transmit(descriptor)
  }

  // There are no neighbours to discover, nobody to conflict with, and no filter: all groups arrive.
  onNeighbourDiscovery(): void {}
  confirm(): void {}
  suspect(): void {}
  addAddress(_address: InterfaceAddress): void {}
  removeAddress(_address: InterfaceAddress): void {}
  join(): void {}
  leave(): void {}
  close(): void {}
}
