import { pcapng } from '@tapwire/stack'

interface Recorded {
  readonly port: number
  readonly time: number
  readonly outbound: boolean
  readonly bytes: Uint8Array
}

/** Frames that are kept of a scenario: the last so many. */
const KEPT = 20_000

/** Keeps what passed the doors of stacks, so that a failure can be looked at in Wireshark. */
export class Recorder {
  readonly #frames: Recorded[] = []
  readonly #linkType: number
  readonly #names: readonly string[]
  #next = 0

  /** @param names of the doors, in the order of their numbers */
  constructor(medium: 'ethernet' | 'ip', names: readonly string[]) {
    this.#linkType = medium === 'ethernet' ? pcapng.LinkType.Ethernet : pcapng.LinkType.Raw
    this.#names = names
  }

  /** @param time microseconds since 1970 @param outbound sent by the stack behind the door */
  note(port: number, time: number, outbound: boolean, bytes: Uint8Array): void {
    const frame = { port, time, outbound, bytes }
    if (this.#frames.length < KEPT) this.#frames.push(frame)
    else this.#frames[this.#next] = frame
    this.#next = (this.#next + 1) % KEPT
  }

  /** In the order in which they passed. */
  get frames(): readonly Recorded[] {
    if (this.#frames.length < KEPT) return this.#frames
    return [...this.#frames.slice(this.#next), ...this.#frames.slice(0, this.#next)]
  }

  /** @returns a file that Wireshark opens */
  toPcapng(comment: string): Uint8Array {
    const blocks = [pcapng.sectionHeaderBlock({ application: 'tapwire-fuzz', comment })]
    for (const name of this.#names) blocks.push(pcapng.interfaceBlock({ linkType: this.#linkType, name }))
    for (const { port, time, outbound, bytes } of this.frames) {
      const { Outbound, Inbound } = pcapng.PacketDirection
      const direction = outbound ? Outbound : Inbound
      blocks.push(pcapng.packetBlock({ interface: port, time, direction }, bytes))
    }
    const file = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
    let at = 0
    for (const block of blocks) {
      file.set(block, at)
      at += block.length
    }
    return file
  }
}
