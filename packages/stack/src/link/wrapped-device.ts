import { TapwireError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import type {
  FrameSink,
  LinkCapabilities,
  LinkDevice,
  RxFrame,
  TransmitResult,
  TxDescriptor,
} from './device.ts'

/**
 * A device around another one, through which everything passes as it is. A subclass looks at frames, changes them or lets them
 * fall in the methods that it overrides: `transmit` for what goes out, `onFrame` for what comes in.
 */
export class WrappedDevice implements LinkDevice, FrameSink {
  readonly medium: LinkDevice['medium']
  /** Bytes. */
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  protected readonly device: LinkDevice
  /** Whoever is attached, or null. */
  protected sink: FrameSink | null = null

  /** @param capabilities default: those of the device */
  constructor(device: LinkDevice, capabilities: LinkCapabilities = device.capabilities) {
    this.device = device
    this.medium = device.medium
    this.mtu = device.mtu
    this.capabilities = capabilities
  }

  /** That of whoever is attached: only from then on. */
  get memory(): Memory {
    return (this.sink as FrameSink).memory
  }

  /** @throws TapwireError EALREADY when somebody is attached */
  attach(sink: FrameSink): void {
    if (this.sink !== null)
      throw new TapwireError('EALREADY', 'This device already has somebody attached to it')
    this.sink = sink
    try {
      this.device.attach(this)
    } catch (error) {
      this.sink = null
      throw error
    }
  }

  transmit(frame: TxDescriptor): TransmitResult {
    return this.device.transmit(frame)
  }

  flush(): void {
    this.device.flush()
  }

  close(): Promise<void> {
    return this.device.close()
  }

  onFrame(frame: RxFrame): void {
    this.sink?.onFrame(frame)
  }

  onBurstEnd(): void {
    this.sink?.onBurstEnd()
  }

  onWritable(): void {
    this.sink?.onWritable()
  }

  onClosed(error: Error | null): void {
    this.sink?.onClosed(error)
  }
}
