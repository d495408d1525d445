import type { Cookies } from './cookies.ts'

/** One TCP connection or UDP association, and how the numbers in the script become those on the wire. */
export class Flow {
  readonly protocol: 'tcp' | 'udp'
  /** 0 while it is not known: a connection of ours that has sent nothing yet. */
  localPort: number
  readonly remotePort: number
  /** Live minus script sequence numbers of this side; null before its SYN was seen. */
  localShift: number | null = null
  /** The same of the other side: the numbers are the script's own, moved by an option. */
  remoteShift = 0
  /** The connection's descriptor, once it has one. */
  fd: number | null = null
  /** What the script calls our timestamps: by its value, the live one. */
  readonly timestamps = new Map<number, number>()
  /** The first of them. */
  timestampBase: { readonly script: number; readonly live: number; readonly time: number } | null = null
  /** A SYN of the other side begins it anew: what answers has another ISN. */
  awaitsSyn = false
  /** The other side has sent something else since: a further SYN would be that of a new connection. */
  pastSyn = false
  /** The last SYN of the other side, in the script's numbers. */
  remoteSyn: number | null = null
  /** The number behind what the other side sent last: where a RST that ends the run goes. */
  remoteNext = 0

  /** Those of the whole run. */
  readonly cookies: Cookies

  constructor(protocol: 'tcp' | 'udp', localPort: number, remotePort: number, cookies: Cookies) {
    this.cookies = cookies
    this.protocol = protocol
    this.localPort = localPort
    this.remotePort = remotePort
  }

  localToLive(script: number): number {
    return (script + (this.localShift ?? 0)) >>> 0
  }

  localToScript(live: number): number {
    return (live - (this.localShift ?? 0)) >>> 0
  }

  remoteToLive(script: number): number {
    return (script + this.remoteShift) >>> 0
  }

  remoteToScript(live: number): number {
    return (live - this.remoteShift) >>> 0
  }

  /** What the stack called the timestamp that the script echoes. */
  timestampToLive(script: number): number {
    const known = this.timestamps.get(script)
    if (known !== undefined) return known
    const base = this.timestampBase
    return base === null ? script : (base.live + script - base.script) >>> 0
  }

  /** What the script would call one of the stack's timestamps. */
  timestampToScript(live: number): number {
    const base = this.timestampBase
    return base === null ? live : (base.script + live - base.live) >>> 0
  }

  sawTimestamp(script: number, live: number, time: number): void {
    this.timestamps.set(script, live)
    this.timestampBase ??= { script, live, time }
  }
}
