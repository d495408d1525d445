// A worker that sends variations of given TCP segments from the kernel's side, as fast as their receiver takes them.
import { createRequire } from 'node:module'
import { isMainThread, workerData } from 'node:worker_threads'

/** What the worker is told. */
export interface FrameSenderData {
  /** A packet socket (AF_PACKET, SOCK_RAW) in the kernel side's namespace. */
  readonly socket: number
  /** The index of the interface there. */
  readonly interfaceIndex: number
  /** Ethernet frames with a TCP segment each, sent in turn; source address, port and sequence number are drawn anew. */
  readonly templates: readonly Uint8Array[]
  /** Of the source address: how many of its low bits are drawn, per template. */
  readonly randomBits: readonly number[]
  /** Frames that may be on their way: fewer than the interface's queue has room for. */
  readonly window: number
  /** Progress, as `Progress` has it. */
  readonly shared: SharedArrayBuffer
}

/** Places in the shared Int32Array. */
export const Progress = { Sent: 0, Received: 1, Wanted: 2 } as const

const BATCH = 64
const AF_PACKET = 17
const ETHERNET = 14
/** struct mmsghdr, struct iovec and struct sockaddr_ll of 64-bit Linux. */
const MESSAGE = 64
const IOVEC = 16
const SOCKADDR = 20

/** What is used of the driver's binding. */
interface Binding {
  load(library: null): { func(prototype: string): (...args: number[]) => number }
  address(buffer: ArrayBuffer): number | bigint
}

/** One frame at a fixed place, whose source, port and sequence number change; its checksums stay right. */
class Frame {
  readonly #view: DataView
  readonly #randomWords: readonly number[]
  readonly #masks: readonly number[]
  readonly #ipv4: boolean
  readonly #tcp: number
  readonly length: number

  constructor(bytes: Uint8Array, randomBits: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.length = bytes.length
    this.#ipv4 = this.#view.getUint16(12) === 0x0800
    this.#tcp = ETHERNET + (this.#ipv4 ? 20 : 40)
    const end = this.#ipv4 ? ETHERNET + 16 : ETHERNET + 24
    const words = Array.from({ length: Math.ceil(randomBits / 16) }, (_, i) => end - 2 * (i + 1))
    this.#randomWords = words
    this.#masks = words.map((_, i) => (1 << Math.min(16, randomBits - 16 * i)) - 1)
  }

  draw(random: () => number): void {
    const view = this.#view
    let change = 0
    for (let i = 0; i < this.#randomWords.length; i++) {
      const at = this.#randomWords[i]
      const before = view.getUint16(at)
      const now = (before & ~this.#masks[i]) | (random() & this.#masks[i])
      view.setUint16(at, now)
      change += now + (before ^ 0xffff)
    }
    if (this.#ipv4) this.#mend(ETHERNET + 10, change)
    change += this.#set(this.#tcp, 1024 + (random() % 64_000))
    change += this.#set(this.#tcp + 4, random() & 0xffff)
    change += this.#set(this.#tcp + 6, random() & 0xffff)
    this.#mend(this.#tcp + 16, change)
  }

  #set(at: number, now: number): number {
    const before = this.#view.getUint16(at)
    this.#view.setUint16(at, now)
    return now + (before ^ 0xffff)
  }

  /** RFC 1624: HC' = ~(~HC + ~m + m'). */
  #mend(at: number, change: number): void {
    let sum = (this.#view.getUint16(at) ^ 0xffff) + change
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    this.#view.setUint16(at, sum ^ 0xffff)
  }
}

/** xorshift32: fast, and random enough for a flood. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

function run({ socket, interfaceIndex, templates, randomBits, window, shared }: FrameSenderData): void {
  const require = createRequire(new URL('../../packages/tap-driver/package.json', import.meta.url))
  const koffi = require('koffi') as Binding
  const sendmmsg = koffi
    .load(null)
    .func('int sendmmsg(int fd, size_t messages, unsigned int count, int flags)')
  const addressOf = (buffer: ArrayBuffer): bigint => BigInt(koffi.address(buffer))
  const longest = Math.max(...templates.map((template) => template.length))
  const storage = new ArrayBuffer(BATCH * longest)
  const vector = new ArrayBuffer(BATCH * (MESSAGE + IOVEC) + SOCKADDR)
  const view = new DataView(vector)
  const base = addressOf(vector)
  const destination = BATCH * (MESSAGE + IOVEC)
  view.setUint16(destination, AF_PACKET, true)
  view.setInt32(destination + 4, interfaceIndex, true)
  const frames = Array.from({ length: BATCH }, (_, i) => {
    const template = templates[i % templates.length]
    const bytes = new Uint8Array(storage, i * longest, template.length)
    bytes.set(template)
    const iovec = BATCH * MESSAGE + i * IOVEC
    view.setBigUint64(i * MESSAGE, base + BigInt(destination), true)
    view.setUint32(i * MESSAGE + 8, SOCKADDR, true)
    view.setBigUint64(i * MESSAGE + 16, base + BigInt(iovec), true)
    view.setBigUint64(i * MESSAGE + 24, 1n, true)
    view.setBigUint64(iovec, addressOf(storage) + BigInt(i * longest), true)
    view.setBigUint64(iovec + 8, BigInt(template.length), true)
    return new Frame(bytes, randomBits[i % templates.length])
  })
  const random = generator(0x2545f491)
  const progress = new Int32Array(shared)
  const messages = Number(base)
  for (;;) {
    const sent = Atomics.load(progress, Progress.Sent)
    const received = Atomics.load(progress, Progress.Received)
    if (received >= Atomics.load(progress, Progress.Wanted)) break
    if (sent - received + BATCH > window) {
      // A frame that was lost is written off when nothing has come for so long.
      if (Atomics.wait(progress, Progress.Received, received, 200) === 'timed-out') {
        Atomics.store(progress, Progress.Sent, received)
      }
      continue
    }
    for (const frame of frames) frame.draw(random)
    const taken = sendmmsg(socket, messages, BATCH, 0)
    if (taken > 0) Atomics.add(progress, Progress.Sent, taken)
    else Atomics.wait(progress, Progress.Received, received, 1)
  }
}

// The test imports the types and places from here.
if (!isMainThread && workerData?.templates !== undefined) run(workerData as FrameSenderData)
