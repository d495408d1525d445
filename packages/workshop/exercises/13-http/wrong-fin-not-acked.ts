import {
  ACK,
  buildSegment,
  FIN,
  type Path,
  RST,
  readSegment,
  reversed,
  type Segment,
  SYN,
} from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

const RTO = 1000
const DEFAULT_MSS = 536
const TIME_WAIT = 60_000
const NOTHING: Uint8Array = new Uint8Array(0)

export function serve(wire: Wire, port: number, page: string): void {
  const body = new TextEncoder().encode(page)
  const lines = ['HTTP/1.1 200 OK', 'Content-Type: text/plain', `Content-Length: ${body.length}`]
  const head = new TextEncoder().encode(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  const response = new Uint8Array(head.length + body.length)
  response.set(head)
  response.set(body, head.length)
  const connections = new Map<string, ServerConnection>()

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== port) return
    const name = `${segment.path.sourceIp.join('.')}:${segment.path.sourcePort}`
    const known = connections.get(name)
    if (known !== undefined) known.arrive(segment)
    else if (segment.flags === SYN) {
      connections.set(name, new ServerConnection(wire, segment, response, () => connections.delete(name)))
    }
  }
}

class ServerConnection {
  readonly #wire: Wire
  readonly #path: Path
  readonly #response: Uint8Array
  readonly #forget: () => void
  readonly #mss: number
  /** The number of the first byte of the response; the SYN has the one before. */
  readonly #first: number
  #rcvNxt: number
  #request = ''
  #asked = false
  /** Bytes of the response that are acknowledged, and sent; the FIN is one more behind the last one. */
  #una = 0
  #nxt = 0
  #window: number
  #peerClosed = false
  #stopTimer = (): void => {}

  constructor(wire: Wire, syn: Segment, response: Uint8Array, forget: () => void) {
    this.#wire = wire
    this.#path = reversed(syn.path)
    this.#response = response
    this.#forget = forget
    this.#mss = mssOf(syn.options)
    this.#first = (Math.floor(Math.random() * 2 ** 32) + 1) >>> 0
    this.#rcvNxt = (syn.seq + 1) >>> 0
    this.#window = syn.window
    this.#send((this.#first - 1) >>> 0, SYN | ACK, undefined, Uint8Array.of(2, 4, 1460 >> 8, 1460 & 255))
  }

  arrive(segment: Segment): void {
    if (segment.flags & RST) {
      this.#stopTimer()
      this.#forget()
      return
    }
    if (segment.flags & SYN) {
      this.#send((this.#first - 1) >>> 0, SYN | ACK, undefined, Uint8Array.of(2, 4, 1460 >> 8, 1460 & 255))
      return
    }
    this.#takeAck(segment)
    this.#takeText(segment)
    if (this.#asked) this.#sendWhatFits()
    if (this.#peerClosed && this.#una > this.#response.length) {
      this.#stopTimer()
      this.#stopTimer = this.#wire.after(TIME_WAIT, this.#forget)
    }
  }

  #takeAck({ ack, window }: Segment): void {
    const acked = (ack - this.#first) | 0
    if (acked < this.#una || acked > this.#response.length + 1) return
    this.#window = window
    if (acked === this.#una) return
    this.#una = acked
    this.#nxt = Math.max(this.#nxt, acked)
    this.#startTimer()
  }

  #takeText({ seq, payload, flags }: Segment): void {
    const length = payload.length
    if (length === 0) return
    if (seq === this.#rcvNxt) {
      this.#rcvNxt = (seq + length) >>> 0
      this.#peerClosed = (flags & FIN) !== 0
      if (!this.#asked) this.#request += new TextDecoder().decode(payload)
      this.#asked = this.#request.includes('\r\n\r\n') || this.#peerClosed
    }
    this.#send((this.#first + this.#nxt) >>> 0, ACK)
  }

  #sendWhatFits(): void {
    const total = this.#response.length
    const edge = Math.min(this.#una + this.#window, total)
    const before = this.#nxt
    while (this.#nxt < edge) {
      const end = Math.min(this.#nxt + this.#mss, edge)
      this.#send((this.#first + this.#nxt) >>> 0, ACK, this.#response.subarray(this.#nxt, end))
      this.#nxt = end
    }
    if (this.#nxt === total && this.#una + this.#window >= total) {
      this.#send((this.#first + total) >>> 0, FIN | ACK)
      this.#nxt = total + 1
    }
    if (this.#nxt > before || this.#window === 0) this.#startTimer()
  }

  #startTimer(): void {
    this.#stopTimer()
    if (this.#una > this.#response.length) return
    this.#stopTimer = this.#wire.after(RTO, () => {
      this.#nxt = this.#una
      // Into a window of 0 one byte is sent all the same, to learn whether it still is.
      this.#window = Math.max(this.#window, 1)
      this.#sendWhatFits()
    })
  }

  #send(seq: number, flags: number, payload = NOTHING, options = NOTHING): void {
    this.#wire.send(buildSegment(this.#path, { seq, ack: this.#rcvNxt, flags, payload, options }))
  }
}

/** Of exercise 5, the one that is needed here. */
function mssOf(options: Uint8Array): number {
  for (let at = 0; at < options.length && options[at] !== 0; ) {
    if (options[at] === 1) {
      at++
      continue
    }
    const length = options[at + 1] ?? 0
    if (length < 2) break
    if (options[at] === 2 && length === 4) return Math.min((options[at + 2] << 8) | options[at + 3], 1460)
    at += length
  }
  return DEFAULT_MSS
}
