import { JsonFields } from './json-fields.ts'
import {
  MAX_OMIT,
  MAX_SECONDS,
  MAX_STREAMS,
  MAX_TCP_BLOCK,
  MAX_UDP_BLOCK,
  MIN_UDP_BLOCK,
  ProtocolError,
  TCP_BLOCK,
  UDP_BLOCK,
  UDP_RATE,
} from './protocol.ts'

/** What a client wants to be measured. Of `time`, `bytes` and `blocks` one is not 0. */
export interface Params {
  readonly protocol: 'tcp' | 'udp'
  /** Seconds. */
  readonly time: number
  readonly bytes: number
  readonly blocks: number
  /** Seconds at the beginning that do not count. */
  readonly omit: number
  /** Streams; as many again in the other direction when bidirectional. */
  readonly parallel: number
  readonly reverse: boolean
  readonly bidirectional: boolean
  /** Bytes of one write, or of one datagram. */
  readonly length: number
  /** Bits per second of each stream; 0 for as fast as it goes. */
  readonly bandwidth: number
  readonly noDelay: boolean
  /**
   * Bytes; 0 when the client asked for none. As the MSS, it is for the client's own side: the stack here tunes its buffers by itself,
   * and has the MSS from the handshake.
   */
  readonly window: number
  readonly mss: number
  readonly counters64: boolean
}

export const DEFAULT_PARAMS: Params = {
  protocol: 'tcp',
  time: 10,
  bytes: 0,
  blocks: 0,
  omit: 0,
  parallel: 1,
  reverse: false,
  bidirectional: false,
  length: TCP_BLOCK,
  bandwidth: 0,
  noDelay: false,
  window: 0,
  mss: 0,
  counters64: false,
}

/** Microseconds between two looks at what the rate allows; iperf3's default. */
const PACING_TIMER = 1000

export function paramsToJson(params: Params): object {
  return {
    [params.protocol]: true,
    omit: params.omit,
    time: params.time,
    num: params.bytes,
    blockcount: params.blocks,
    ...(params.mss > 0 ? { MSS: params.mss } : {}),
    ...(params.noDelay ? { nodelay: true } : {}),
    parallel: params.parallel,
    ...(params.reverse ? { reverse: true } : {}),
    ...(params.bidirectional ? { bidirectional: true } : {}),
    ...(params.window > 0 ? { window: params.window } : {}),
    len: params.length,
    ...(params.bandwidth > 0 ? { bandwidth: params.bandwidth } : {}),
    ...(params.counters64 ? { udp_counters_64bit: 1 } : {}),
    pacing_timer: PACING_TIMER,
    client_version: '3.12',
  }
}

/** @throws ProtocolError for what is missing, of the wrong type, or out of bounds */
export function paramsFromJson(value: unknown): Params {
  const fields = new JsonFields(value, 'parameters')
  const udp = fields.flag('udp')
  if (!udp && !fields.flag('tcp')) throw new ProtocolError('parameters: neither TCP nor UDP')
  const [low, high, usual] = udp ? [MIN_UDP_BLOCK, MAX_UDP_BLOCK, UDP_BLOCK] : [1, MAX_TCP_BLOCK, TCP_BLOCK]
  const bytes = fields.number('num', 0, Number.MAX_SAFE_INTEGER, 0)
  const blocks = fields.number('blockcount', 0, Number.MAX_SAFE_INTEGER, 0)
  const bidirectional = fields.flag('bidirectional')
  return {
    protocol: udp ? 'udp' : 'tcp',
    time: bytes > 0 || blocks > 0 ? 0 : fields.number('time', 0, MAX_SECONDS, DEFAULT_PARAMS.time),
    bytes,
    blocks,
    omit: fields.number('omit', 0, MAX_OMIT, 0),
    parallel: fields.whole('parallel', 1, MAX_STREAMS, 1),
    reverse: fields.flag('reverse') && !bidirectional,
    bidirectional,
    length: fields.whole('len', low, high, usual),
    bandwidth: fields.number('bandwidth', 0, Number.MAX_SAFE_INTEGER, udp ? UDP_RATE : 0),
    noDelay: fields.flag('nodelay'),
    window: fields.number('window', 0, 2 ** 31, 0),
    mss: fields.number('MSS', 0, 65_535, 0),
    counters64: fields.flag('udp_counters_64bit'),
  }
}

/** Whether each stream sends, in the order of their numbers, as one side of the test sees it. */
export function directions(params: Params, side: 'client' | 'server'): boolean[] {
  const clientSends = Array.from({ length: params.parallel }, () => !params.reverse)
  // Both directions: those of the client come first.
  const all = params.bidirectional ? [...clientSends, ...clientSends.map((sends) => !sends)] : clientSends
  return side === 'client' ? all : all.map((sends) => !sends)
}
