import { expect } from 'vitest'
import {
  type ConnectionHandler,
  type FrameSink,
  Gso,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  packets,
  parseAddress,
  RxFrame,
  SeededRandom,
  Stack,
  type StackOptions,
  type TcpConnection,
  type TcpListener,
  TransmitResult,
  type TxDescriptor,
  VirtualClock,
} from '../../src/index.ts'
import { completeChecksumAt } from '../../src/link/checksum-offload.ts'
import { memoryLinkCapabilities } from '../../src/link/memory-link.ts'
import { initialSequence } from '../../src/tcp/isn.ts'
import { MinRtt } from '../../src/tcp/min-rtt.ts'

/** One segment, with sequence numbers relative to the two initial ones. */
export interface Seg {
  /** Letters of S, A, F, R, P, U, E, W. */
  flags: string
  seq?: number
  ack?: number
  /** As in the header. Default when sending: 65,535. */
  win?: number
  /** Payload, or so many bytes of a counting pattern. */
  data?: number | Uint8Array
  options?: packets.TcpOption[]
  urgent?: number
  /** The TOS or traffic class byte: DSCP and ECN. */
  tos?: number
  /** It arrives as a super-frame, merged from segments of so many bytes. */
  gsoSize?: number
}

/** A segment that the stack sent. */
export interface SentSeg extends Required<Omit<Seg, 'data' | 'options' | 'urgent' | 'tos' | 'gsoSize'>> {
  length: number
  payload: Uint8Array
  options: packets.TcpOption[]
  /** The two ECN bits of the IP header. */
  ecn: number
  /** Payload bytes per segment of a super-frame; 0 for an ordinary segment. */
  gsoSize: number
  /** Milliseconds of virtual time since the script began. */
  at: number
  text: string
}

const FLAGS: { readonly [letter: string]: number } = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, W: 128 }

/** Records what a stack sends and puts packets in: one end of a wire without the other. */
class ScriptDevice implements LinkDevice {
  readonly medium = 'ip'
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly sent: { at: number; bytes: Uint8Array; gsoSize: number }[] = []
  full = false
  /** How many more frames it takes before it is full. */
  room = Number.POSITIVE_INFINITY
  /** Of the packets of the next burst, where they are super-frames. */
  gsoSizes: number[] = []
  readonly #clock: VirtualClock
  readonly #frame = new RxFrame()
  #sink!: FrameSink
  #block = 0
  #out = 0

  constructor(clock: VirtualClock, mtu: number, offload: boolean) {
    this.#clock = clock
    this.mtu = mtu
    this.capabilities = offload ? memoryLinkCapabilities(true, null) : NO_OFFLOADS
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.#block = sink.memory.allocate(65_536)
    // Its own, so that it works also when a test has taken all there is.
    this.#out = sink.memory.allocate(65_536)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.full || this.room <= 0) return TransmitResult.Full
    this.room--
    const { memory, length, checksumStart, checksumOffset } = frame
    frame.copyTo(memory, this.#out)
    if (checksumStart >= 0) completeChecksumAt(memory.view, this.#out, length, checksumStart, checksumOffset)
    const gsoSize = frame.gso === Gso.None ? 0 : frame.gsoSize
    this.sent.push({ at: this.#clock.now() / 1000, bytes: memory.copyOut(this.#out, length), gsoSize })
    return TransmitResult.Sent
  }

  flush(): void {}

  async close(): Promise<void> {
    this.#sink.onClosed(null)
  }

  /** Delivers packets as one burst. */
  receive(...packets: Uint8Array[]): void {
    packets.forEach((bytes, i) => {
      this.#sink.memory.copyIn(this.#block, bytes)
      this.#frame.offset = this.#block
      this.#frame.length = bytes.length
      this.#frame.gsoSize = this.gsoSizes[i] ?? 0
      this.#sink.onFrame(this.#frame)
    })
    this.#sink.onBurstEnd()
  }

  writable(): void {
    this.full = false
    this.#sink.onWritable()
    this.#sink.onBurstEnd()
  }

  vanish(): void {
    this.#sink.onClosed(new Error('gone'))
  }
}

export interface ScriptOptions extends Omit<StackOptions, 'clock' | 'random'> {
  /** Of an origin: for titles only. */
  name?: string
  /** 4 (default) or 6. */
  family?: 4 | 6
  /** The tester's initial sequence number. */
  isn?: number
  /** The stack's initial sequence number, whatever it would be by itself. */
  iss?: number
  mtu?: number
  /** The device segments and sums: super-frames leave whole. */
  offload?: boolean
}

/** What the application saw, in order. */
export type AppEvent = 'connect' | 'readable' | 'writable' | 'finAcked' | `close ${string}`

/**
 * A script against one TCP in virtual time: the tester T sends segments and says exactly what the stack under test has
 * to answer. The stack is 10.0.0.1 (fd00::1), T is 10.0.0.2 (fd00::2); T's port is 5000, the stack's 7 unless told otherwise.
 */
export class Script {
  readonly clock = new VirtualClock()
  readonly stack: Stack
  readonly device: ScriptDevice
  readonly events: AppEvent[] = []
  readonly isn: number
  /** The stack's ISS, known from its first SYN or SYN-ACK. */
  iss = 0
  connection!: TcpConnection
  listener!: TcpListener
  localPort = 7
  remotePort = 5000
  /** The tester's clock for timestamps, and the last TSval the stack sent; null until `established` agreed on them. */
  ts: { val: number; ecr: number } | null = null
  readonly #v6: boolean
  readonly #started: number
  #next = 0

  constructor(options: ScriptOptions = {}) {
    const { name: _, family = 4, isn = 1000, iss, mtu = 1500, offload = false, ...stackOptions } = options
    this.#v6 = family === 6
    this.isn = isn
    this.device = new ScriptDevice(this.clock, mtu, offload)
    this.stack = new Stack({
      clock: this.clock,
      random: new SeededRandom(42),
      conflictDetection: 'off',
      ...stackOptions,
    })
    this.stack.addInterface(this.device, { addresses: ['10.0.0.1/24', 'fd00::1/64'] })
    if (iss !== undefined) this.#forceIss(iss)
    this.#started = this.clock.now()
    this.#next = this.device.sent.length
  }

  get local(): string {
    return this.#v6 ? 'fd00::1' : '10.0.0.1'
  }

  get remote(): string {
    return this.#v6 ? 'fd00::2' : '10.0.0.2'
  }

  /** The application's side: every event is noted in `events`. */
  readonly handler: ConnectionHandler = {
    onConnect: () => this.events.push('connect'),
    onReadable: () => this.events.push('readable'),
    onWritable: () => this.events.push('writable'),
    onFinAcked: () => this.events.push('finAcked'),
    onClose: (_, reason) => this.events.push(`close ${reason}`),
  }

  /** Listens on port 7; what is accepted becomes `connection` at once unless `accept` is false. */
  listen(options: { backlog?: number; accept?: boolean } = {}): this {
    const { backlog, accept = true } = options
    this.listener = this.stack.tcp.listen(
      { port: this.localPort, ...(backlog === undefined ? {} : { backlog }) },
      { onConnection: () => (accept ? this.accept() : undefined) },
    )
    return this
  }

  accept(): void {
    const connection = this.listener.accept()
    if (connection === null) throw new Error('Nothing to accept')
    this.connection = connection
    connection.handler = this.handler
  }

  /** The stack opens actively from port 7 to T's port 5000. */
  connect(): this {
    this.connection = this.stack.tcp.connect(
      { address: parseAddress(this.remote)!, port: this.remotePort, localPort: this.localPort },
      this.handler,
    )
    return this
  }

  /**
   * Runs the handshake, T opening. Without `options` T offers MSS 1460 only: no scaling, no timestamps, no SACK.
   * Afterwards both next sequence numbers are 1, and no time has been measured: it takes none.
   */
  established(options: packets.TcpOption[] = [{ name: 'mss', value: 1460 }], win = 65_535): this {
    this.listen()
    this.send({ flags: 'S', seq: 0, options, win })
    const synAck = this.next()
    expect(synAck.flags).toBe('SA')
    this.noteTimestamps(synAck)
    this.send({ flags: 'A', seq: 1, ack: 1, win })
    this.silence()
    expect(this.connection).toBeDefined()
    this.#forgetSample()
    return this
  }

  #forgetSample(): void {
    const { connections, config } = this.stack.tcp.context
    connections.each((tcb) => {
      tcb.srtt = 0
      tcb.rttvar = 0
      tcb.rto = config.initialRto
      Object.assign(tcb.minRtt, new MinRtt())
    })
  }

  /** As `established`, the stack opening. */
  connected(options: packets.TcpOption[] = [{ name: 'mss', value: 1460 }], win = 65_535): this {
    this.connect()
    const syn = this.next()
    expect(syn.flags).toBe('S')
    this.send({ flags: 'SA', seq: 0, ack: 1, win, options })
    const ack = this.next()
    expect(ack).toMatchObject({ flags: 'A', seq: 1, ack: 1 })
    this.noteTimestamps(ack)
    this.events.length = 0
    return this
  }

  /** From now on T's segments carry timestamps, if this one did. */
  noteTimestamps(segment: SentSeg): void {
    const option = segment.options.find((o) => o.name === 'timestamps')
    if (option !== undefined && option.name === 'timestamps') this.ts = { val: 1, ecr: option.value }
  }

  /** T sends segments, as one burst. */
  send(...segments: Seg[]): this {
    this.device.gsoSizes = segments.map((segment) => segment.gsoSize ?? 0)
    this.device.receive(...segments.map((segment) => this.build(segment)))
    this.device.gsoSizes = []
    return this
  }

  /** The bytes of a segment of T's, for tests that damage them first. */
  build(segment: Seg): Uint8Array {
    const { flags, seq = 0, ack = 0, win = 65_535, data = 0, options, urgent = 0, tos = 0 } = segment
    const payload = typeof data === 'number' ? pattern(seq, data) : data
    const hasAck = flags.includes('A')
    const tcp = {
      sourcePort: this.remotePort,
      destinationPort: this.localPort,
      seq: (this.isn + seq) >>> 0,
      ack: hasAck ? (this.iss + ack) >>> 0 : ack,
      flags: [...flags].reduce((bits, letter) => bits | FLAGS[letter], 0),
      window: win,
      urgentPointer: urgent,
      payload,
      options: options ?? this.#timestampOption(),
    }
    const addresses = {
      source: parseAddress(this.remote)!.toBytes(),
      destination: parseAddress(this.local)!.toBytes(),
    }
    return packets.buildFrame(
      this.#v6
        ? { ipv6: { ...addresses, trafficClass: tos }, tcp }
        : { ipv4: { ...addresses, dontFragment: true, tos }, tcp },
    )
  }

  /** The next thing the stack has sent, which must be a segment. */
  next(): SentSeg {
    const sent = this.device.sent[this.#next]
    if (sent === undefined) throw new Error('The stack was expected to send a segment, and is silent')
    this.#next++
    return this.#decode(sent)
  }

  /** The stack has sent exactly these segments, in this order; what a pattern leaves out may be anything. */
  expect(...patterns: (Partial<Omit<SentSeg, 'options'>> & { options?: unknown })[]): this {
    for (const wanted of patterns) {
      const got = this.next()
      expect(got, got.text).toMatchObject(wanted)
    }
    return this
  }

  /** The stack has nothing (more) to say now, or for so many milliseconds. */
  silence(milliseconds = 0): this {
    if (milliseconds > 0) this.clock.advance(milliseconds)
    const extra = this.device.sent.slice(this.#next).map((sent) => this.#decode(sent).text)
    expect(extra, 'segments nobody expected').toEqual([])
    return this
  }

  /** Lets time pass; what is sent meanwhile waits for `expect`. */
  wait(milliseconds: number): this {
    this.clock.advance(milliseconds)
    return this
  }

  /** Forgets what was sent so far. */
  skip(): this {
    this.#next = this.device.sent.length
    return this
  }

  /** How many segments wait to be looked at. */
  get pending(): number {
    return this.device.sent.length - this.#next
  }

  get state(): string {
    return this.connection.info().state
  }

  /** Reads everything there is and gives it back. */
  readAll(): Uint8Array {
    const buffer = new Uint8Array(this.connection.readable)
    this.connection.read(buffer)
    return buffer
  }

  #timestampOption(): packets.TcpOption[] {
    if (this.ts === null) return []
    return [{ name: 'nop' }, { name: 'nop' }, { name: 'timestamps', value: this.ts.val, echo: this.ts.ecr }]
  }

  #decode(sent: { at: number; bytes: Uint8Array; gsoSize: number }): SentSeg {
    const frame = packets.decodePacket(sent.bytes)
    const { tcp } = frame
    const text = packets.describePacket(sent.bytes)
    if (tcp === undefined) throw new Error(`The stack sent something else than TCP: ${text}`)
    expect(frame.problems, text).toEqual([])
    const flags = [...'SFRPAUEW'].filter((letter) => (tcp.flags & FLAGS[letter]) !== 0).join('')
    if (tcp.flags & FLAGS.S) this.iss = tcp.seq
    return {
      flags,
      seq: (tcp.seq - this.iss) | 0,
      ack: tcp.flags & FLAGS.A ? (tcp.ack - this.isn) | 0 : 0,
      win: tcp.window,
      length: tcp.payload.length,
      payload: tcp.payload,
      options: tcp.options,
      ecn: (frame.ipv4?.tos ?? frame.ipv6?.trafficClass ?? 0) & 3,
      gsoSize: sent.gsoSize,
      at: sent.at - this.#started / 1000,
      text: `${text} (relative: seq ${(tcp.seq - this.iss) | 0} ack ${(tcp.ack - this.isn) | 0})`,
    }
  }

  /** Moves time to where the ISN generator gives `iss` for the script's connection. */
  #forceIss(iss: number): void {
    const local = parseAddress(this.local)!
    const remote = parseAddress(this.remote)!
    const now = this.clock.now()
    const { context } = this.stack.tcp
    const natural = initialSequence(context, local, this.localPort, remote, this.remotePort, now)
    this.clock.advanceTo(now + ((iss - natural) >>> 0) * 4)
  }
}

/** Bytes that tell their place: byte n of the stream is n modulo 251. */
export function pattern(seq: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seq - 1 + i) % 251)
}

/** The same script at ordinary sequence numbers, and where they wrap as signed and as unsigned numbers. */
export const ORIGINS = [
  { name: 'ordinary', isn: 1000 },
  { name: 'near 2^31', isn: 0x7fff_ff00, iss: 0x7fff_ff80 },
  { name: 'near 2^32', isn: 0xffff_ff00, iss: 0xffff_ff80 },
] as const

/** The options of a modern SYN: MSS 1460, SACK, timestamps, window scale 7. */
export const MODERN: packets.TcpOption[] = [
  { name: 'mss', value: 1460 },
  { name: 'sackPermitted' },
  { name: 'timestamps', value: 1, echo: 0 },
  { name: 'nop' },
  { name: 'windowScale', shift: 7 },
]

export const SACK_ONLY: packets.TcpOption[] = [{ name: 'mss', value: 1460 }, { name: 'sackPermitted' }]
