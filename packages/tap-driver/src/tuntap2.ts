import {
  ETHERNET_HEADER,
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TapwireError,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'
import { formatMac, parseMac } from './options.ts'

/**
 * What is used of a `Tap` or `Tun` of the package `tuntap2`, or of one of its forks. They behave like a Duplex
 * stream without being an EventEmitter, so they are known by what they can do.
 */
export interface Tuntap2Device {
  readonly name: string
  readonly isTap: boolean
  readonly isUp: boolean
  readonly mtu: number
  /** The kernel's end, in an array, and only to be read while the interface is up. */
  readonly mac?: unknown
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
  write(chunk: Uint8Array, encoding: undefined, callback: (error?: Error | null) => void): boolean
  release(): unknown
}

export interface Tuntap2Options {
  /** The link-layer address the *stack* is to use, like '02:00:00:00:00:01'. Default: the stack makes one up. */
  mac?: string | undefined
  /** Milliseconds that `close()` waits for the device to say that it is closed, 0 to 60,000. Default 250. */
  closeTimeout?: number | undefined
}

/** What went through the adapter. */
export interface Tuntap2Counters {
  rxFrames: number
  /** Not bytes, empty, or longer than the MTU allows. */
  rxDropped: number
  txFrames: number
  /** Its queue was full, or it was down: the stack tries again. */
  txFull: number
  txRefused: number
}

/** How often a device that is down is asked whether it is up, in milliseconds: there is no event for it. */
const UP_CHECK = 50

/**
 * Takes a `Tap` or `Tun` of the package `tuntap2` as a device of a stack, for those who have that package. The
 * kernel's side (`ipv4`, `ipv6`, `mtu`, `isUp`) is yours to set, before or after; while `isUp` is false nothing is
 * written, since that would destroy the device.
 *
 * `openTap` is the faster and safer choice. Such a device has no offloads and copies every frame; **each holds one
 * of the four threads of libuv's pool for as long as it is idle** (set UV_THREADPOOL_SIZE beyond the number of
 * devices, or `fs` and `dns` stop). For the same reason `release()` may not end before another frame comes in:
 * `close()` resolves after `closeTimeout` then, and the process may need `process.exit()`.
 *
 * @throws TapwireError ERR_INVALID_ARG_TYPE when it is not such an object, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 */
export function fromTuntap2(device: Tuntap2Device, options: Tuntap2Options = {}): Tuntap2Link {
  return new Tuntap2Link(requireDevice(device), options)
}

/** The device that `fromTuntap2` returns. */
export class Tuntap2Link implements LinkDevice {
  readonly medium: 'ethernet' | 'ip'
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly name: string
  readonly counters: Readonly<Tuntap2Counters>

  readonly #device: Tuntap2Device
  readonly #counters: Tuntap2Counters = { rxFrames: 0, rxDropped: 0, txFrames: 0, txFull: 0, txRefused: 0 }
  readonly #longest: number
  readonly #closeTimeout: number
  readonly #frame = new RxFrame()
  readonly #onData = (chunk: unknown): void => this.#receive(chunk)
  readonly #onDrain = (): void => this.#roomAgain()
  readonly #onWritten = (): void => {}
  #sink: FrameSink | null = null
  #block = -1
  #receiving = false
  #open = true
  /** It answered a write with false: nothing more until 'drain'. */
  #choked = false
  #upCheck: NodeJS.Timeout | null = null
  #whenClosed: () => void = () => {}
  #closing: Promise<void> | null = null

  constructor(device: Tuntap2Device, options: Tuntap2Options) {
    const timeout = options.closeTimeout ?? 250
    if (!(timeout >= 0 && timeout <= 60_000)) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The option 'closeTimeout' must be from 0 to 60000 milliseconds. Received ${timeout}`,
      )
    }
    this.#device = device
    this.#closeTimeout = timeout
    this.name = device.name
    this.medium = device.isTap ? 'ethernet' : 'ip'
    this.mtu = device.mtu
    this.#longest = this.mtu + (device.isTap ? ETHERNET_HEADER : 0)
    this.capabilities = { ...NO_OFFLOADS, mac: options.mac === undefined ? null : parseMac(options.mac) }
    this.counters = this.#counters
    // They stay for good: both halves of the device report the same end, and an 'error' that comes late and
    // unheard would end the process.
    device.on('error', (error: unknown) => this.#lost(error))
    device.on('close', () => this.#lost(null))
  }

  /** The link-layer address of the kernel's end; null for a TUN, and while the device is down. */
  get hostMac(): string | null {
    if (this.medium === 'ip') return null
    try {
      const mac = [this.#device.mac].flat(2)[0]
      return typeof mac === 'string' ? formatMac(parseMac(mac)) : null
    } catch {
      return null
    }
  }

  attach(sink: FrameSink): void {
    if (!this.#open) throw new TapwireError('ENETDOWN', `The device ${this.name} is closed.`)
    if (this.#sink !== null)
      throw new TapwireError('EALREADY', `The device ${this.name} is attached already.`)
    this.#block = sink.memory.allocate(this.#longest)
    if (this.#block < 0) {
      throw new TapwireError('ENOMEM', `The stack's memory has no ${this.#longest} bytes left for a device.`)
    }
    this.#sink = sink
    this.#frame.offset = this.#block
    this.#device.on('drain', this.#onDrain)
    // 'data' is one frame an event; read() would join frames that wait.
    this.#device.on('data', this.#onData)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const length = frame.length
    if (!this.#open || length > this.#longest) {
      this.#counters.txRefused++
      return TransmitResult.Refused
    }
    if (this.#choked || !this.#isUp()) {
      this.#counters.txFull++
      return TransmitResult.Full
    }
    // The stream keeps the chunk until a thread has written it, so it has to be a copy.
    const chunk = new Uint8Array(length)
    const bytes = frame.memory.u8
    const { headOffset, payloadOffset, payload2Offset } = frame
    chunk.set(bytes.subarray(headOffset, headOffset + frame.headLength))
    chunk.set(bytes.subarray(payloadOffset, payloadOffset + frame.payloadLength), frame.headLength)
    chunk.set(
      bytes.subarray(payload2Offset, payload2Offset + frame.payload2Length),
      length - frame.payload2Length,
    )
    // Its callback is called in the form with three arguments only.
    if (!this.#device.write(chunk, undefined, this.#onWritten)) this.#choked = true
    this.#counters.txFrames++
    return TransmitResult.Sent
  }

  flush(): void {}

  close(): Promise<void> {
    this.#closing ??= this.#release()
    return this.#closing
  }

  #release(): Promise<void> {
    if (!this.#open) return Promise.resolve()
    return new Promise((resolve) => {
      const late = setTimeout(resolve, this.#closeTimeout)
      this.#whenClosed = () => {
        clearTimeout(late)
        resolve()
      }
      this.#finish(null)
      this.#device.release()
    })
  }

  #receive(chunk: unknown): void {
    const sink = this.#sink
    if (!this.#open || sink === null) return
    if (!(chunk instanceof Uint8Array) || chunk.length === 0 || chunk.length > this.#longest) {
      this.#counters.rxDropped++
      return
    }
    this.#counters.rxFrames++
    this.#frame.length = chunk.length
    sink.memory.copyIn(this.#block, chunk)
    this.#receiving = true
    try {
      sink.onFrame(this.#frame)
    } finally {
      this.#receiving = false
      if (!this.#open) sink.memory.free(this.#block)
    }
    if (this.#open) sink.onBurstEnd()
  }

  #isUp(): boolean {
    if (this.#device.isUp) return true
    if (this.#upCheck !== null) return false
    this.#upCheck = setInterval(() => {
      if (!this.#device.isUp) return
      this.#stopUpCheck()
      this.#sink?.onWritable()
    }, UP_CHECK)
    return false
  }

  #stopUpCheck(): void {
    if (this.#upCheck !== null) clearInterval(this.#upCheck)
    this.#upCheck = null
  }

  #roomAgain(): void {
    if (!this.#choked || !this.#open) return
    this.#choked = false
    this.#sink?.onWritable()
  }

  /** It closed or failed: because we asked for it, or by itself; 'close' may come twice. */
  #lost(error: unknown): void {
    this.#whenClosed()
    if (!this.#open) return
    const why = error instanceof Error ? `: ${error.message}` : ''
    const lost = new TapwireError('ENETDOWN', `The device ${this.name} went away${why}.`)
    lost.cause = error
    this.#finish(lost)
  }

  #finish(error: Error | null): void {
    this.#open = false
    this.#stopUpCheck()
    if (this.#sink === null) return
    this.#device.off('data', this.#onData)
    this.#device.off('drain', this.#onDrain)
    if (!this.#receiving) this.#sink.memory.free(this.#block)
    this.#sink.onClosed(error)
  }
}

/** @throws TapwireError ERR_INVALID_ARG_TYPE */
function requireDevice(device: Tuntap2Device): Tuntap2Device {
  const missing =
    typeof device !== 'object' || device === null
      ? 'it is no object'
      : ['on', 'off', 'write', 'release'].find((name) => typeof Reflect.get(device, name) !== 'function')
  if (missing === undefined && typeof device.isTap === 'boolean' && Number.isInteger(device.mtu))
    return device
  throw new TapwireError(
    'ERR_INVALID_ARG_TYPE',
    `The argument 'device' must be a Tap or Tun of the package tuntap2 (${missing ?? 'isTap or mtu'} is missing or wrong).`,
  )
}
