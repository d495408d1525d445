import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { TapwireError } from '../core/errors.ts'
import { Memory } from '../core/memory.ts'
import {
  ETHERNET_HEADER,
  type LinkDevice,
  TransmitResult,
  TX_HEADROOM,
  TxDescriptor,
} from '../link/device.ts'
import { writeEthernetHeader } from '../wire/ethernet.ts'
import type { EthernetCounters } from './counters.ts'
import { highOfMac, lowOfMac } from './mac.ts'

/** Bytes of the scratch block: headroom and the longest control frame, an 86-byte solicitation. */
const SCRATCH = 256

/** The sending end of an Ethernet link: puts headers before packets, and carries the control frames of ARP and NDP. */
export class FrameOutput {
  readonly view: DataView
  /** Our own MAC. */
  readonly macHigh: number
  readonly macLow: number
  /** For control frames and packets that waited; never the one that IP hands over, which may be in use meanwhile. */
  readonly own: TxDescriptor
  readonly #engine: Engine
  readonly #device: LinkDevice
  readonly #counters: EthernetCounters
  #scratch: number

  constructor(engine: Engine, device: LinkDevice, mac: Uint8Array, counters: EthernetCounters) {
    this.#engine = engine
    this.#device = device
    this.#counters = counters
    this.view = engine.memory.view
    this.macHigh = highOfMac(mac)
    this.macLow = lowOfMac(mac)
    this.own = new TxDescriptor(engine.memory)
    this.#scratch = engine.memory.allocate(SCRATCH)
    if (this.#scratch < 0)
      throw new TapwireError('ENOMEM', 'No memory is left for another Ethernet interface')
  }

  /** Puts the header before `descriptor` and transmits; unless it was Sent, the descriptor is as before. */
  transmit(descriptor: TxDescriptor, high: number, low: number, type: number): TransmitResult {
    const offset = descriptor.prepend(ETHERNET_HEADER)
    writeEthernetHeader(this.view, offset, high, low, this.macHigh, this.macLow, type)
    const result = this.#device.transmit(descriptor)
    if (result === TransmitResult.Sent) this.#counters.framesOut++
    else descriptor.prepend(-ETHERNET_HEADER)
    return result
  }

  /** Starts a control frame. @returns where its payload goes, within the scratch block */
  begin(high: number, low: number, type: number): number {
    const frame = this.#scratch + TX_HEADROOM
    writeEthernetHeader(this.view, frame, high, low, this.macHigh, this.macLow, type)
    return frame + ETHERNET_HEADER
  }

  /** Sends it. A device without room loses it, as a wire would: whoever sent it tries again by timer. */
  finish(payloadLength: number): void {
    if (this.#scratch < 0) return
    this.own.reset(this.#scratch + TX_HEADROOM)
    this.own.headLength = ETHERNET_HEADER + payloadLength
    if (this.#device.transmit(this.own) === TransmitResult.Sent) this.#counters.framesOut++
    else this.#counters.controlNotSent++
  }

  audit(audit: Audit): void {
    if (this.#scratch >= 0)
      audit.owns(this.#scratch, Memory.blockSize(SCRATCH), 'the scratch of control frames')
  }

  close(): void {
    if (this.#scratch >= 0) this.#engine.memory.free(this.#scratch)
    this.#scratch = -1
  }
}
