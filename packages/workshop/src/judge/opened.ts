import { ACK, buildSegment, type Connection, type Path, readSegment, SYN } from '../learner/segments.ts'
import { listenOn, PeerApp, type PeerSettings } from './peer.ts'
import { PEER, type World, YOU } from './world.ts'

/** From the learner to the peer. */
export const PATH: Path = {
  sourceMac: YOU.mac,
  destinationMac: PEER.mac,
  sourceIp: YOU.ip,
  destinationIp: PEER.ip,
  sourcePort: 4000,
  destinationPort: 80,
}

export interface OpenOptions extends PeerSettings {
  /** The learner's first sequence number; its data begins one later. Default 999. */
  readonly isn?: number
  /** The peer's application does not read until it is woken. */
  readonly sleeps?: boolean
}

/** Opens a connection in the learner's name, which is not part of the story. */
export function openConnection(
  world: World,
  { isn = 999, sleeps = false, ...settings }: OpenOptions = {},
): { connection: Connection; app: PeerApp } {
  const { wire } = world
  const app = new PeerApp(sleeps)
  listenOn(world.stack, PATH.destinationPort, app, settings)
  let connection: Connection | null = null
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || (segment.flags & SYN) === 0) return
    const [seq, ack] = [(isn + 1) >>> 0, (segment.seq + 1) >>> 0]
    connection = { path: PATH, seq, ack, mss: settings.maxSegment ?? 1000, window: segment.window }
    wire.send(buildSegment(PATH, { seq, ack, flags: ACK }))
  }
  // An MSS of 1,000 (RFC 9293 section 3.7.1).
  wire.send(buildSegment(PATH, { seq: isn, flags: SYN, options: Uint8Array.of(2, 4, 1000 >> 8, 1000 & 255) }))
  world.runUntil(() => app.open, 5000)
  wire.onFrame = () => {}
  if (connection === null || !app.open) throw new Error('the connection could not be opened')
  world.begin()
  return { connection, app }
}
