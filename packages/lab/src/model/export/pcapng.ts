import { pcapng } from '@tapwire/stack'
import type { Recording, SegmentRecord } from '../recording.ts'
import { receiverOf, senderOf } from '../run/segment.ts'
import type { HostName } from '../scenario.ts'

export interface PcapngOptions {
  /** Whose network card; default both, each an interface of its own. */
  readonly hosts?: HostName | 'both'
  /** Microseconds since 1970 of the recording's beginning; default 2026-01-01T00:00:00Z. */
  readonly epoch?: number
}

const EPOCH = Date.UTC(2026, 0, 1) * 1000

interface Passing {
  readonly host: HostName
  readonly time: number
  readonly segment: SegmentRecord
  readonly outbound: boolean
}

/** The recording as Wireshark opens it: each frame where it left, and where it came, with what happened to it as a comment. */
export function toPcapng(recording: Recording, options: PcapngOptions = {}): Uint8Array {
  const { hosts = 'both', epoch = EPOCH } = options
  const names: readonly HostName[] = hosts === 'both' ? ['A', 'B'] : [hosts]
  const chunks = [
    pcapng.sectionHeaderBlock({ application: 'tapwire lab', ...comment(recording.scenario?.title) }),
    ...names.map((name) => pcapng.interfaceBlock({ linkType: pcapng.LinkType.Ethernet, name })),
  ]
  for (const { host, time, segment, outbound } of passings(recording, names)) {
    const { frame, frameLength = frame.length } = segment
    const info = {
      interface: names.indexOf(host),
      time: epoch + Math.round(time * 1000),
      originalLength: frameLength,
      direction: outbound ? pcapng.PacketDirection.Outbound : pcapng.PacketDirection.Inbound,
      ...comment(fateOf(segment, outbound)),
    }
    chunks.push(pcapng.packetBlock(info, frame))
  }
  return joined(chunks)
}

/** In order of time. A forged segment has been sent by neither host. */
function passings({ segments }: Recording, names: readonly HostName[]): Passing[] {
  const list: Passing[] = []
  for (const segment of segments) {
    const { way, from, sentAt, arrivedAt, copyOf = null } = segment
    const [sender, receiver] = [senderOf(way), receiverOf(way)]
    if (names.includes(sender) && from === sender && copyOf === null) {
      list.push({ host: sender, time: sentAt, segment, outbound: true })
    }
    if (names.includes(receiver) && arrivedAt !== null) {
      list.push({ host: receiver, time: arrivedAt, segment, outbound: false })
    }
  }
  return list.sort((a, b) => a.time - b.time)
}

function fateOf({ lost, again, damaged, marked, from }: SegmentRecord, outbound: boolean): string {
  const said = [
    from === 'forger' ? 'forged' : '',
    outbound && again !== null ? `sent again (${again})` : '',
    outbound && lost !== null ? `lost (${lost.why})` : '',
    !outbound && damaged ? 'came damaged; this is how it was sent' : '',
    !outbound && marked ? 'came with the mark CE' : '',
  ]
  return said.filter((one) => one !== '').join(', ')
}

function comment(text: string | undefined): { comment?: string } {
  return text === undefined || text === '' ? {} : { comment: text }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
