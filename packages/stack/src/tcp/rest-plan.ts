import type { Tcb } from './tcb.ts'

/*
 * What a connection takes along when it rests, field by field. Everything else of a TCB is checked by `mayRest` to be as in a new
 * one, or says nothing while nothing is in flight. A test goes through all fields there are.
 */

type FieldsOf<R, V> = { [K in keyof R]: R[K] extends V ? K : never }[keyof R] & string

/** Fields of one record that belongs to a TCB. */
interface Part {
  readonly of: (tcb: Tcb) => Record<string, number>
  readonly names: readonly string[]
}

function part<R>(of: (tcb: Tcb) => R, ...names: FieldsOf<R, number>[]): Part {
  return { of: of as unknown as Part['of'], names }
}

class Plan {
  readonly parts: readonly Part[]
  /** How many fields there are. */
  readonly width: number

  constructor(...parts: Part[]) {
    this.parts = parts
    this.width = parts.reduce((sum, { names }) => sum + names.length, 0)
  }

  /** Writes the fields down from `at` on. @returns whether what stands there is exactly what they hold */
  save(tcb: Tcb, row: Int32Array | Float64Array, at: number): boolean {
    let exact = true
    for (const { of, names } of this.parts) {
      const record = of(tcb)
      for (const name of names) {
        row[at] = record[name]
        if (row[at++] !== record[name]) exact = false
      }
    }
    return exact
  }

  load(tcb: Tcb, row: ArrayLike<number>, at: number): void {
    for (const { of, names } of this.parts) {
      const record = of(tcb)
      for (const name of names) record[name] = plain(row[at++])
    }
  }

  /** All of the fields, or null if they are as in `fresh`. */
  differing(tcb: Tcb, fresh: Tcb): number[] | null {
    let same = true
    const values: number[] = []
    for (const { of, names } of this.parts) {
      const record = of(tcb)
      const first = of(fresh)
      for (const name of names) {
        values.push(record[name])
        if (record[name] !== first[name]) same = false
      }
    }
    return same ? null : values
  }
}

/** Numbers that are small integers are to be those to V8 again, or the fields would become ones for floats. */
function plain(value: number): number {
  const integer = value | 0
  return value === integer ? integer : value
}

/** 32 bits are enough for these; a connection with one that has outgrown them does not rest. */
export const WORDS = new Plan(
  part(
    (tcb) => tcb,
    'id',
    'iss',
    'sndUna',
    'sndNxt',
    'sndWnd',
    'sndWl1',
    'sndWl2',
    'maxSndWnd',
    'sndScale',
    'sndSmall',
    'sndMss',
    'peerMss',
    'irs',
    'rcvNxt',
    'rcvAdv',
    'rcvScale',
    'lastAckSent',
    'rcvMss',
    'lastUnit',
    'rcvBuf',
    'tsRecent',
    'tsOffset',
    'trafficClass',
    'quickAcks',
    'rto',
    'recoveryPoint',
    'cwnd',
    'tuneCopied',
    'tuneSpace',
    'segmentsIn',
    'segmentsOut',
    'dataSegmentsIn',
    'dataSegmentsOut',
  ),
  part(({ rack }) => rack, 'fack'),
  part(({ pmtu }) => pmtu, 'largestAcked'),
)

/** Times, averages, and sums without end. */
export const DOUBLES = new Plan(
  part(
    (tcb) => tcb,
    'tsRecentAt',
    'srtt',
    'rttvar',
    'lastSendAt',
    'lastReceiveAt',
    'lastDataAt',
    'tuneSince',
    'bytesReceived',
    'bytesSent',
    'bytesAcked',
  ),
  part(({ rack }) => rack, 'rtt'),
  part(({ minRtt }) => minRtt, 'value', 'current', 'since'),
  part(({ rate }) => rate, 'delivered', 'appLimited', 'rate'),
  part(({ busyTime }) => busyTime, 'busy'),
)

/** Most connections never have any of these. */
export const RARE = new Plan(
  part(
    (tcb) => tcb,
    'synRetransmitted',
    'ssthresh',
    'userTimeout',
    'stalledSince',
    'notSentLowWater',
    'lastOutOfWindowAck',
    'bytesRetransmitted',
    'outOfOrderIn',
    'dsacksIn',
    'deliveredCe',
    'congestionMarksIn',
    'rtoCount',
    'rtoRows',
    'rtoTime',
    'retransmits',
  ),
  part(({ minRtt }) => minRtt, 'previous'),
  part(({ rcvRtt }) => rcvRtt, 'time', 'echo', 'edge', 'since'),
  part(({ busyTime }) => busyTime, 'byWindow', 'byBuffer'),
  part(({ sent }) => sent, 'lostEver'),
)

type Flag = FieldsOf<Tcb, boolean>

/** As the bits of one word. */
const FLAGS: readonly Flag[] = [
  'passive',
  'windowScaling',
  'timestamps',
  'sackPermitted',
  'noDelay',
  'corked',
  'zeroWindowTold',
]

export function saveFlags(tcb: Tcb): number {
  let bits = tcb.rate.rateAppLimited ? 1 : 0
  for (const name of FLAGS) bits = (bits << 1) | (tcb[name] ? 1 : 0)
  return bits
}

export function loadFlags(tcb: Tcb, bits: number): void {
  for (let i = FLAGS.length - 1; i >= 0; i--, bits >>= 1) {
    // A readonly one would not be among them.
    ;(tcb as { [F in Flag]: boolean })[FLAGS[i]] = (bits & 1) !== 0
  }
  tcb.rate.rateAppLimited = bits !== 0
}
