import { type SenderOptions, SenderScript, SIZE } from './sender-script.ts'

/** A sender script that counts its segments and goes round trip by round trip. */
export class Rounds extends SenderScript {
  /** Segments written and acknowledged so far. */
  n = 0

  constructor(options: SenderOptions = {}) {
    super({ ...options, tcp: { congestion: 'cubic', ...options.tcp } })
  }

  /** The window in whole segments. */
  get window(): number {
    return Math.floor(this.info.cwnd / SIZE)
  }

  /** Sends so many segments (default: a whole window), and has them all acknowledged by one ACK after `rtt` ms. */
  round(segments = this.window, rtt = 100): this {
    this.write(segments).skip()
    this.wait(rtt)
    this.n += segments
    return this.ack(this.n).skip()
  }

  /** As `round`, with an ACK for each segment. @returns the windows after each */
  roundOfAcks(segments = this.window, rtt = 100): number[] {
    this.write(segments).skip()
    this.wait(rtt)
    const windows: number[] = []
    for (let i = 0; i < segments; i++) {
      this.ack(++this.n).skip()
      windows.push(this.info.cwnd)
    }
    return windows
  }

  /** Rounds until the window holds so many segments. */
  grow(segments: number): this {
    while (this.window < segments) this.round()
    return this
  }

  /** Of so many segments (default: a whole window) the first is lost, found by SACK, and repaired. */
  lose(segments = this.window): this {
    this.write(segments).skip()
    this.wait(100)
    this.ack(this.n, [this.n + 1, this.n + segments]).skip()
    this.wait(100)
    this.n += segments
    return this.ack(this.n).skip()
  }
}
