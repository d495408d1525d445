import { expect } from 'vitest'
import {
  type Alarm,
  type Clock,
  type CloseReason,
  createCable,
  type ImpairOptions,
  impair,
  type LinkDevice,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpSettings,
  VirtualClock,
} from '../../src/index.ts'
import type { FrameFilter } from '../../src/link/impair-options.ts'
import { initialSequence } from '../../src/tcp/isn.ts'

export interface TransferOptions {
  /** Bytes to send. */
  bytes: number
  /** Milliseconds there and back; default 20. */
  rtt?: number
  /** What happens to frames on the way; both directions unless it says otherwise. */
  impairment?: Omit<ImpairOptions, 'clock' | 'latency'>
  /** Milliseconds of the round trip that reordered frames save; default none. */
  skip?: number
  tcp?: TcpSettings
  /** The sender's device takes super-frames; they are cut on the way. */
  offload?: boolean
  /** The sender's clock and timers move in steps of so many milliseconds. */
  tick?: number
  /** The sender's clock is exact, and its timers ring at multiples of so many milliseconds only. */
  lateAlarms?: number
  /** Looks at the sender every millisecond. */
  watch?: (sender: Stack) => void
  /** The sender's initial sequence number. */
  iss?: number
}

export interface TransferResult {
  /** Seconds from the SYN to the last byte. */
  seconds: number
  /** Bytes a second. */
  goodput: number
  counters: Stack['tcp']['counters']
  /** Frames towards the receiver that the link has dropped. */
  dropped: number
  connection: TcpConnection
}

/** A clock whose alarms ring at multiples of a tick; unless it is exact it shows nothing else either. */
class CoarseClock implements Clock {
  readonly epoch: number
  readonly granularity: number
  readonly #inner: VirtualClock
  readonly #tick: number
  readonly #exact: boolean

  constructor(inner: VirtualClock, tick: number, exact: boolean) {
    this.#inner = inner
    this.#tick = tick * 1000
    this.#exact = exact
    this.epoch = inner.epoch
    this.granularity = exact ? 0 : this.#tick
  }

  now(): number {
    if (this.#exact) return this.#inner.now()
    return Math.floor(this.#inner.now() / this.#tick) * this.#tick
  }

  alarm(callback: () => void): Alarm {
    const alarm = this.#inner.alarm(callback)
    return {
      set: (deadline) => alarm.set(Math.ceil(deadline / this.#tick) * this.#tick),
      keepAlive: (on) => alarm.keepAlive(on),
    }
  }

  soon(callback: () => void): void {
    this.#inner.soon(callback)
  }
}

/** Byte `n` of every transfer: neither its period nor that of its low bits fits segments. */
function byteAt(n: number): number {
  return (n * 167 + (n >>> 8) * 13 + (n >>> 16)) & 0xff
}

/** FNV-1a, a byte at a time. */
function fnv(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x0100_0193)
}

/**
 * Sends bytes from one stack to another over an impaired cable, in virtual time, and checks that they arrive as they were
 * sent (by hash), that both ends close in order, and that the sender has nothing left in flight.
 */
export function transfer(options: TransferOptions): TransferResult {
  const {
    bytes,
    rtt = 20,
    impairment = {},
    skip = 0,
    tcp = {},
    offload = false,
    tick,
    lateAlarms,
    iss,
  } = options
  const clock = new VirtualClock()
  const coarse = tick ?? lateAlarms
  const ends = createCable({ clock, medium: 'ip', latency: (rtt - skip) / 2, offload })
  const damage = { ...impairment, clock, latency: skip / 2 }
  // A device with offloads cannot be wrapped without losing them: the frames are cut where they arrive.
  const link = impair(offload ? ends[1] : ends[0], damage)
  const near: LinkDevice = offload ? ends[0] : link
  const far: LinkDevice = offload ? link : ends[1]
  const a = new Stack({
    clock: coarse === undefined ? clock : new CoarseClock(clock, coarse, tick === undefined),
    random: new SeededRandom(1),
    tcp,
  })
  const b = new Stack({ clock, random: new SeededRandom(2), tcp })
  a.addInterface(near, { addresses: ['10.0.0.1/24'] })
  b.addInterface(far, { addresses: ['10.0.0.2/24'] })
  const remote = parseAddress('10.0.0.2')!
  if (iss !== undefined) waitForIss(a, clock, iss)

  let received = 0
  let hash = 0
  let doneAt = 0
  let failed: CloseReason = null
  const buffer = new Uint8Array(65_536)
  const listener = b.tcp.listen(
    { port: 7 },
    {
      onConnection: () => {
        const connection = listener.accept()
        if (connection === null) return
        connection.handler = {
          onReadable: () => {
            for (let n = connection.read(buffer); n > 0; n = connection.read(buffer)) {
              for (let i = 0; i < n; i++) hash = fnv(hash, buffer[i])
              received += n
            }
            if (received >= bytes && doneAt === 0) doneAt = clock.now()
            if (connection.ended) connection.close()
          },
        }
      },
    },
  )
  const started = clock.now()
  const chunk = new Uint8Array(128 * 1024)
  let sent = 0
  let sentHash = 0
  const pump = (connection: TcpConnection): void => {
    while (sent < bytes) {
      const length = Math.min(chunk.length, bytes - sent)
      for (let i = 0; i < length; i++) chunk[i] = byteAt(sent + i)
      const taken = connection.write(chunk.subarray(0, length))
      for (let i = 0; i < taken; i++) sentHash = fnv(sentHash, chunk[i])
      sent += taken
      if (taken < length) return
    }
    connection.shutdown()
  }
  const connection = a.tcp.connect(
    { address: remote, port: 7, localPort: 5000 },
    {
      onConnect: pump,
      onWritable: pump,
      onReadable: (c) => c.ended && c.close(),
      onClose: (_, reason) => {
        failed = reason
      },
    },
  )
  const over = (): boolean => doneAt > 0 && a.tcp.sizes.connections + b.tcp.sizes.connections === 0
  if (options.watch !== undefined) watchEvery(clock, () => options.watch?.(a), over)
  clock.runUntil(() => failed !== null || over(), 3_600_000)
  expect(failed).toBeNull()
  expect(received).toBe(bytes)
  expect(hash).toBe(sentHash)
  expect(over()).toBe(true)
  expect(connection.info().inFlight).toBe(0)
  const seconds = (doneAt - started) / 1e6
  const { lost, filtered, queueDropped, overflowed } = offload ? link.stats.in : link.stats.out
  const dropped = lost + filtered + queueDropped + overflowed
  return { seconds, goodput: bytes / seconds, counters: a.tcp.counters, dropped, connection }
}

/** Calls `look` every millisecond until it is over. */
function watchEvery(clock: VirtualClock, look: () => void, over: () => boolean): void {
  const alarm = clock.alarm(() => {
    look()
    if (!over()) alarm.set(clock.now() + 1000)
  })
  alarm.set(clock.now() + 1000)
}

/** Lets time pass until the ISN generator gives `iss` for the transfer's connection. */
function waitForIss(stack: Stack, clock: VirtualClock, iss: number): void {
  const local = parseAddress('10.0.0.1')!
  const remote = parseAddress('10.0.0.2')!
  const natural = initialSequence(stack.tcp.context, local, 5000, remote, 7, clock.now())
  clock.advanceTo(clock.now() + ((iss - natural) >>> 0) * 4)
}

/** Drops the TCP data segments of one direction that `which` chooses, counted from 0; what is sent again counts again. */
export function dropData(which: (index: number) => boolean, least = 200): FrameFilter {
  let index = 0
  return (frame, direction) => {
    if (direction !== 'out' || frame.length < least) return 'pass'
    return which(index++) ? 'drop' : 'pass'
  }
}

/**
 * What loss allows a Reno flow (Mathis et al. 1997): MSS / RTT * sqrt(3 / 2p), in bytes a second.
 * @param rtt milliseconds
 */
export function mathis(rtt: number, loss: number): number {
  return (1448 / (rtt / 1000)) * Math.sqrt(1.5 / loss)
}
