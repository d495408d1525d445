import type { Dice } from '../dice.ts'
import { double, layoutOf, word } from '../mutators/layout.ts'

const SYN = 0x02
const FIN = 0x01
const RST = 0x04
const ACK = 0x10

/** A connection as somebody on the wire sees it from what the stack sends. Numbers are unsigned. */
export class Flow {
  readonly local: Uint8Array
  readonly remote: Uint8Array
  readonly localPort: number
  readonly remotePort: number
  /** The number after the last that the stack has sent. */
  next = 0
  /** The last number that the stack has acknowledged: what it expects. */
  expects = 0
  /** What it has acknowledged of ours, as far as we know; and the window it offers, as its field. */
  window = 0
  scale = 0
  /** Its timestamp, if it sends any. */
  timestamp = 0
  hasTimestamps = false
  /** The last segment was a SYN without ACK, with ACK, or none. */
  opening: 'active' | 'passive' | 'no' = 'no'

  constructor(local: Uint8Array, remote: Uint8Array, localPort: number, remotePort: number) {
    this.local = local
    this.remote = remote
    this.localPort = localPort
    this.remotePort = remotePort
  }

  get isV4(): boolean {
    return this.local.length === 4
  }
}

/** More connections than that are not followed; the oldest is forgotten. */
const MOST = 64

/** All connections of a stack, followed from its wire. */
export class Flows {
  readonly #flows = new Map<string, Flow>()
  #list: Flow[] = []

  get list(): readonly Flow[] {
    return this.#list
  }

  pick(dice: Dice): Flow | null {
    return this.#list.length === 0 ? null : dice.pick(this.#list)
  }

  /** Learns from a packet that the stack sends. @param ip where IP starts in it */
  note(bytes: Uint8Array, ip: number): Flow | null {
    const { version, protocol, upper, upperEnd } = layoutOf(bytes, ip)
    if (protocol !== 6 || upper < 0 || upperEnd - upper < 20) return null
    const flow = this.#flowOf(bytes, ip, version, upper)
    const flags = bytes[upper + 13]
    const headerEnd = upper + (bytes[upper + 12] >>> 4) * 4
    const seq = double(bytes, upper + 4)
    const length = upperEnd - headerEnd + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0)
    flow.next = (seq + length) >>> 0
    if ((flags & ACK) !== 0) flow.expects = double(bytes, upper + 8)
    flow.window = word(bytes, upper + 14)
    flow.opening = (flags & SYN) === 0 ? 'no' : (flags & ACK) === 0 ? 'active' : 'passive'
    this.#readOptions(flow, bytes, upper + 20, headerEnd, (flags & SYN) !== 0)
    if ((flags & RST) !== 0) this.#forget(flow)
    return flow
  }

  #flowOf(bytes: Uint8Array, ip: number, version: number, upper: number): Flow {
    const size = version === 4 ? 4 : 16
    const from = ip + (version === 4 ? 12 : 8)
    const local = bytes.slice(from, from + size)
    const remote = bytes.slice(from + size, from + 2 * size)
    const localPort = word(bytes, upper)
    const remotePort = word(bytes, upper + 2)
    const key = `${local},${localPort},${remote},${remotePort}`
    const known = this.#flows.get(key)
    if (known !== undefined) return known
    const flow = new Flow(local, remote, localPort, remotePort)
    this.#flows.set(key, flow)
    this.#list.push(flow)
    if (this.#list.length > MOST) this.#forget(this.#list[0])
    return flow
  }

  #forget(flow: Flow): void {
    this.#flows.delete(`${flow.local},${flow.localPort},${flow.remote},${flow.remotePort}`)
    this.#list = this.#list.filter((other) => other !== flow)
  }

  #readOptions(flow: Flow, bytes: Uint8Array, start: number, end: number, syn: boolean): void {
    for (
      let at = start;
      at + 1 < end && bytes[at] !== 0;
      at += bytes[at] === 1 ? 1 : Math.max(2, bytes[at + 1])
    ) {
      if (bytes[at] === 3 && syn) flow.scale = bytes[at + 2]
      if (bytes[at] === 8 && at + 10 <= end) {
        flow.hasTimestamps = true
        flow.timestamp = double(bytes, at + 2)
      }
    }
  }
}
