import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  TransmitResult,
  type TxDescriptor,
} from '../link/device.ts'
import type { InterfaceCounters } from './counters.ts'

/** The device as its link layer sees it: the same, with every transmission counted. */
export class CountedDevice implements LinkDevice {
  readonly medium: 'ethernet' | 'ip'
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly #device: LinkDevice
  readonly #counters: InterfaceCounters
  #sent = false

  constructor(device: LinkDevice, counters: InterfaceCounters) {
    this.medium = device.medium
    this.mtu = device.mtu
    this.capabilities = device.capabilities
    this.#device = device
    this.#counters = counters
  }

  attach(sink: FrameSink): void {
    this.#device.attach(sink)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const result = this.#device.transmit(frame)
    if (result === TransmitResult.Sent) {
      this.#sent = true
      this.#counters.framesOut++
      this.#counters.bytesOut += frame.length
    } else if (result === TransmitResult.Full) this.#counters.txFull++
    else this.#counters.txRefused++
    return result
  }

  flush(): void {
    this.#device.flush()
  }

  /** End of a burst: there is nothing to flush where nothing was sent. */
  flushIfSent(): void {
    if (!this.#sent) return
    this.#sent = false
    this.#device.flush()
  }

  close(): Promise<void> {
    return this.#device.close()
  }
}
