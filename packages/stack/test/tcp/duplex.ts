import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import {
  createCable,
  type LinkDevice,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpSettings,
  VirtualClock,
} from '../../src/index.ts'

export interface DuplexOptions {
  readonly family: 4 | 6
  /** Bytes each way. */
  readonly bytes: number
  readonly medium?: 'ethernet' | 'ip'
  /** Milliseconds there and back; default 10. */
  readonly rtt?: number
  readonly tcp?: TcpSettings
  /** Puts something between the cable and each stack. */
  readonly wrap?: (device: LinkDevice, side: 'a' | 'b', clock: VirtualClock) => LinkDevice
  /** Milliseconds after which each end reads again once it has read; default 0: as soon as there is something. */
  readonly pause?: number
  /** At most so many bytes per reading; default all there is. */
  readonly bite?: number
  /** Called at each millisecond. */
  readonly watch?: (ends: { a: Stack; b: Stack; clock: VirtualClock }) => void
}

export interface DuplexResult {
  readonly a: Stack
  readonly b: Stack
  /** The two ends of the connection; `a` opened it. */
  readonly ends: { a: TcpConnection; b: TcpConnection }
  readonly seconds: number
  /** SHA-256 of what each side sent, in hexadecimal; it was checked that it is what the other received. */
  readonly hashes: { a: string; b: string }
}

/** Two stacks whose devices take super-frames send to each other at the same time, in virtual time; every byte is checked. */
export function duplex(options: DuplexOptions): DuplexResult {
  const { family, bytes, rtt = 10, medium = 'ip', tcp = {}, wrap = (device) => device } = options
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, medium, latency: rtt / 2, offload: true })
  const a = new Stack({ clock, random: new SeededRandom(1), tcp })
  const b = new Stack({ clock, random: new SeededRandom(2), tcp })
  a.addInterface(wrap(left, 'a', clock), { addresses: ['10.0.0.1/24', 'fd00::1/64'] })
  b.addInterface(wrap(right, 'b', clock), { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
  const ends: { a?: End; b?: End } = {}
  const listener = b.tcp.listen(
    { port: 7 },
    {
      onConnection: () => {
        const accepted = listener.accept()
        if (accepted === null) throw new Error('Nothing to accept')
        ends.b = new End(accepted, 2, options, clock)
        ends.b.pump()
      },
    },
  )
  const started = clock.now()
  const remote = parseAddress(family === 4 ? '10.0.0.2' : 'fd00::2')!
  const connection = a.tcp.connect({ address: remote, port: 7 }, { onConnect: () => ends.a!.pump() })
  ends.a = new End(connection, 1, options, clock)
  const over = (): boolean => {
    if (options.watch !== undefined) options.watch({ a, b, clock })
    return (ends.a!.over && ends.b?.over) === true || ends.a!.failed || ends.b?.failed === true
  }
  let checked = clock.now()
  clock.runUntil(() => {
    if (clock.now() - checked < 1000) return false
    checked = clock.now()
    return over()
  }, 3_600_000)
  const near = ends.a
  const far = ends.b
  if (far === undefined) throw new Error('The connection was never made')
  expect([near.failed, far.failed]).toEqual([false, false])
  expect([near.received, far.received]).toEqual([bytes, bytes])
  expect(near.hashIn()).toBe(far.hashOut())
  expect(far.hashIn()).toBe(near.hashOut())
  return {
    a,
    b,
    ends: { a: near.connection, b: far.connection },
    seconds: (clock.now() - started) / 1e6,
    hashes: { a: near.hashOut(), b: far.hashOut() },
  }
}

const CHUNK = 96 * 1024

/** One end: sends its bytes, reads the other's, ends when both are done. */
class End {
  readonly connection: TcpConnection
  received = 0
  failed = false
  over = false
  readonly #options: DuplexOptions
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #in = createHash('sha256')
  readonly #out = createHash('sha256')
  #hashIn: string | null = null
  #hashOut: string | null = null
  #sent = 0
  #chunk: Uint8Array = new Uint8Array(0)
  #shut = false
  #resting = false

  constructor(connection: TcpConnection, seed: number, options: DuplexOptions, clock: VirtualClock) {
    this.connection = connection
    this.#options = options
    this.#clock = clock
    this.#random = new SeededRandom(100 + seed)
    connection.handler = {
      onConnect: () => this.pump(),
      onWritable: () => this.pump(),
      onReadable: () => this.#read(),
      onClose: (_, reason) => {
        this.failed = reason !== null
      },
    }
  }

  hashIn(): string {
    this.#hashIn ??= this.#in.digest('hex')
    return this.#hashIn
  }

  hashOut(): string {
    this.#hashOut ??= this.#out.digest('hex')
    return this.#hashOut
  }

  pump(): void {
    const { bytes } = this.#options
    while (this.#sent < bytes || this.#chunk.length > 0) {
      if (this.#chunk.length === 0) this.#chunk = this.#next(Math.min(CHUNK, bytes - this.#sent))
      const taken = this.connection.write(this.#chunk)
      if (taken === 0) return
      this.#out.update(this.#chunk.subarray(0, taken))
      this.#sent += taken
      this.#chunk = this.#chunk.subarray(taken)
      if (this.#chunk.length > 0) return
    }
    if (this.#shut) return
    this.#shut = true
    this.connection.shutdown()
    this.#finish()
  }

  get #atEnd(): boolean {
    return this.connection.ended && this.connection.readable === 0
  }

  /** Both directions have ended. */
  #finish(): void {
    if (this.over || !this.#shut || !this.#atEnd) return
    this.over = true
    this.connection.close()
  }

  #next(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let i = 0; i < words.length; i++) words[i] = this.#random.uint32()
    return new Uint8Array(words.buffer, 0, length)
  }

  #read(): void {
    if (this.#resting) return
    const { pause = 0, bite = Number.POSITIVE_INFINITY } = this.#options
    const buffer = new Uint8Array(Math.min(bite, this.connection.readable))
    const count = this.connection.read(buffer)
    this.#in.update(buffer.subarray(0, count))
    this.received += count
    if (this.#atEnd) {
      this.#finish()
      return
    }
    if (pause === 0 && bite === Number.POSITIVE_INFINITY) return
    this.#resting = true
    const alarm = this.#clock.alarm(() => {
      this.#resting = false
      this.#read()
    })
    alarm.set(this.#clock.now() + Math.max(1, pause * 1000))
  }
}
