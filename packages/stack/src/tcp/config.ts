import { TapwireError } from '../core/errors.ts'
import { refuseUnknown } from '../core/known-options.ts'
import { MILLISECOND, type Micros, SECOND } from '../core/timer.ts'
import type { CongestionName } from './congestion/controller.ts'
import { checkCongestionName } from './congestion/names.ts'
import type { EcnSetting } from './ecn.ts'
import type { SynCookieSetting } from './syn-cookies.ts'

/** What a user may set of a stack's TCP. Times in milliseconds, sizes in bytes. Defaults are Linux's unless noted. */
export interface TcpSettings {
  /** Advertise and use window scaling (RFC 7323 section 2). Default true. */
  readonly windowScaling?: boolean
  /** Offer timestamps (RFC 7323 section 3). Default true. */
  readonly timestamps?: boolean
  /** Offer selective acknowledgement (RFC 2018). Default true. */
  readonly sack?: boolean
  /** Tell the peer of what came twice (D-SACK, RFC 2883). Default true. */
  readonly dsack?: boolean
  /** Tell and heed user timeouts (RFC 5482). Default false, as section 3.1 there has it. */
  readonly userTimeoutOption?: boolean
  /** Receive buffer at the start of a connection, 2,048 to 1 GiB. Default 131,072. */
  readonly receiveBuffer?: number
  /** What auto-tuning may grow it to. Default 6 MiB. */
  readonly receiveBufferMax?: number
  /** Let the receive buffer grow with what the application reads (tcp_moderate_rcvbuf). Default true. */
  readonly receiveBufferTuning?: boolean
  /** Send buffer at the start of a connection. Default 131,072. */
  readonly sendBuffer?: number
  /** What it may grow to with the congestion window. Default 4 MiB. */
  readonly sendBufferMax?: number
  /** Initial congestion window in segments (RFC 6928). Default 10. */
  readonly initialWindow?: number
  /** RTO before any sample (RFC 6298 section 2.1; R6298-01). Default 1,000. */
  readonly initialRto?: number
  /** Lower bound of the RTO. Default 200: see the deviation of R6298-04. */
  readonly minRto?: number
  /** Upper bound of the RTO, from 1,000 on (Linux's tcp_rto_max_ms); RFC 6298 has it at least 60,000. Default 120,000. */
  readonly maxRto?: number
  /** Longest a received segment waits for its ACK. Default 40. */
  readonly delayedAck?: number
  /**
   * Quick-ACK mode: at the start of a connection, and after a pause, what arrives is acknowledged at once. Default true; false delays
   * from the first segment on, as other systems do.
   */
  readonly quickAck?: boolean
  /** Segments out of window are answered once in this time (tcp_invalid_ratelimit), 0 to 120,000. Default 500. */
  readonly outOfWindowAckInterval?: number
  /** DupThresh (tcp_reordering): segments that must have arrived above a hole. Default 3. */
  readonly duplicateThreshold?: number
  /** RACK (RFC 8985, tcp_recovery) finds losses where there is SACK. Default true; false counts, as RFC 6675 has it. */
  readonly rack?: boolean
  /** Tail loss probes (RFC 8985 section 7, tcp_early_retrans). Default true. */
  readonly tailLossProbe?: boolean
  /** Recognise spurious timeouts (RFC 5682, tcp_frto). Default true. */
  readonly frto?: boolean
  /** Shrink the congestion window after a pause (RFC 5681 section 4.1, tcp_slow_start_after_idle). Default true. */
  readonly slowStartAfterIdle?: boolean
  /** Most bytes that may wait unsent (tcp_notsent_lowat), 1 to 2^31 - 1. Default: any number. */
  readonly notSentLowWater?: number
  /**
   * Search the path's MTU (RFC 4821, tcp_mtu_probing): 'blackHole' (default; Linux's 1, whose own default is off) once large
   * segments get no answer, 'always' from the start (2), false never (0).
   */
  readonly mtuProbing?: MtuProbing
  /** The MSS that the search begins with (tcp_base_mss), 48 to 65,495. Default 1,024. */
  readonly baseMss?: number
  /** Keepalive's times in milliseconds and its number of probes where a socket does not say: 7,200,000, 75,000, 9. */
  readonly keepAliveIdle?: number
  readonly keepAliveInterval?: number
  readonly keepAliveCount?: number
  /** How often a SYN is sent again before connecting fails. Default 6 (127 s, as Linux; 7 are MUST-23's three minutes). */
  readonly synRetries?: number
  /** How often a SYN-ACK is sent again before a half-open connection is forgotten (R4987-01). Default 5 (63 s). */
  readonly synAckRetries?: number
  /** How often data is sent again before the connection fails: R2 of RFC 9293 section 3.8.3. Default 15. */
  readonly retries?: number
  /**
   * The same for a connection that the application has closed, if that is less. Default 8 (Linux's tcp_orphan_retries: 102 s
   * from an RTO of 200 ms).
   */
  readonly orphanRetries?: number
  /** How long TIME-WAIT lasts. Default 60,000 (Linux; the RFC's 2 MSL would be 240,000: MUST-13). */
  readonly timeWait?: number
  /** How long a closed connection waits in FIN-WAIT-2 for the peer's FIN. Default 60,000. */
  readonly finWait2?: number
  /** DSCP byte of new connections; its two low bits are ECN's and ignored. Default 0. */
  readonly trafficClass?: number
  /** TTL or hop limit (MUST-49, IP-13). Default 64. */
  readonly ttl?: number
  /**
   * Congestion control: 'cubic' (RFC 9438, default), 'newreno' (RFC 5681) or 'bbr' (version 3, draft-ietf-ccwg-bbr). A
   * connection may choose another.
   */
  readonly congestion?: CongestionName
  /**
   * Spread what CUBIC and NewReno send over the round trip, as Linux does below fq: at twice cwnd / srtt in slow start, 1.2 times
   * after it. BBR paces in any case. Default false.
   */
  readonly pacing?: boolean
  /**
   * Explicit congestion notification (RFC 3168): true asks every peer for it, 'passive' (default) uses it with those that
   * ask, false never.
   */
  readonly ecn?: EcnSetting
  /**
   * Fast Open requests (RFC 7413) that may be pending for a listener which does not say how many; 0 to 65,535. Default 0: off.
   */
  readonly fastOpenServer?: number
  /**
   * A listener that allows Fast Open takes the data of any SYN, without a cookie that shows that its sender is where it says
   * (Linux's tcp_fastopen 0x200): for networks in which nobody forges addresses, and for tests. Default false.
   */
  readonly fastOpenWithoutCookie?: boolean
  /**
   * SYN cookies (RFC 4987 section 3.6) when a SYN queue is full: true (default); 'always' for every SYN, which is for tests.
   * False: a full queue gives up its oldest record instead.
   */
  readonly synCookies?: SynCookieSetting
  /**
   * Of more connections than so many those rest on which nothing happens: they take a sixth of the memory, and a microsecond more
   * when something does. Default 128.
   */
  readonly restAbove?: number
  /**
   * The first and the last port that connections, listeners and UDP sockets without one of their own get (RFC 6056 section
   * 3.2), 1 to 65,535. Default [32,768, 65,535]: Linux's lower end, and everything above.
   */
  readonly ephemeralPorts?: PortRange
  /**
   * The sequence number with which every connection begins, 0 to 2^32 - 1, or null (default): drawn as RFC 6528 has it. Fixed, anybody
   * can guess it: for teaching and tests only, such as of what happens at the wrap-around.
   */
  readonly initialSequence?: number | null
}

/** Linux's tcp_mtu_probing. */
export type MtuProbing = false | 'blackHole' | 'always'

/** From the first to the last, both included. */
export type PortRange = readonly [first: number, last: number]

/** The settings with every default filled in; times in microseconds. */
export interface TcpConfig {
  readonly windowScaling: boolean
  readonly timestamps: boolean
  readonly sack: boolean
  readonly dsack: boolean
  readonly userTimeoutOption: boolean
  readonly receiveBuffer: number
  readonly receiveBufferMax: number
  readonly receiveBufferTuning: boolean
  readonly sendBuffer: number
  readonly sendBufferMax: number
  readonly initialWindow: number
  readonly initialRto: Micros
  readonly minRto: Micros
  readonly maxRto: Micros
  readonly delayedAck: Micros
  readonly quickAck: boolean
  readonly outOfWindowAckInterval: Micros
  readonly duplicateThreshold: number
  readonly rack: boolean
  readonly tailLossProbe: boolean
  readonly frto: boolean
  readonly slowStartAfterIdle: boolean
  /** 2^31 - 1 for no limit. */
  readonly notSentLowWater: number
  readonly mtuProbing: MtuProbing
  readonly baseMss: number
  readonly keepAliveIdle: Micros
  readonly keepAliveInterval: Micros
  readonly keepAliveCount: number
  readonly synRetries: number
  readonly synAckRetries: number
  readonly retries: number
  readonly orphanRetries: number
  readonly timeWait: Micros
  readonly finWait2: Micros
  readonly trafficClass: number
  readonly ttl: number
  readonly congestion: CongestionName
  readonly pacing: boolean
  readonly ecn: EcnSetting
  readonly fastOpenServer: number
  readonly fastOpenWithoutCookie: boolean
  readonly synCookies: SynCookieSetting
  readonly restAbove: number
  readonly ephemeralPorts: PortRange
  readonly initialSequence: number | null
}

/** The six bits of DSCP in the traffic class. */
export const DSCP_MASK = 0xfc

type NumberSetting = {
  [K in keyof TcpSettings]-?: TcpConfig[K] extends number ? K : never
}[keyof TcpSettings]

/** A not-sent low-water mark that is never reached. */
export const ANY_UNSENT = 0x7fff_ffff

/** [default, lowest, highest] as the user gives them. */
const NUMBERS: { readonly [K in NumberSetting]: readonly [number, number, number] } = {
  receiveBuffer: [131_072, 2048, 1 << 30],
  receiveBufferMax: [6 * 1024 * 1024, 2048, 1 << 30],
  sendBuffer: [131_072, 2048, 1 << 30],
  sendBufferMax: [4 * 1024 * 1024, 2048, 1 << 30],
  initialWindow: [10, 1, 1000],
  initialRto: [1000, 1, 120_000],
  minRto: [200, 1, 60_000],
  maxRto: [120_000, 1000, 3_600_000],
  delayedAck: [40, 0, 499],
  outOfWindowAckInterval: [500, 0, 120_000],
  duplicateThreshold: [3, 1, 1000],
  notSentLowWater: [ANY_UNSENT, 1, ANY_UNSENT],
  baseMss: [1024, 48, 65_495],
  keepAliveIdle: [7_200_000, 1, 32_767_000],
  keepAliveInterval: [75_000, 1, 32_767_000],
  keepAliveCount: [9, 1, 127],
  synRetries: [6, 0, 127],
  synAckRetries: [5, 0, 127],
  retries: [15, 1, 255],
  orphanRetries: [8, 1, 255],
  timeWait: [60_000, 0, 240_000],
  finWait2: [60_000, 0, 3_600_000],
  trafficClass: [0, 0, 255],
  ttl: [64, 1, 255],
  fastOpenServer: [0, 0, 65_535],
  restAbove: [128, 0, 4_000_000],
}

const TIMES: readonly NumberSetting[] = [
  'initialRto',
  'minRto',
  'maxRto',
  'delayedAck',
  'timeWait',
  'finWait2',
  'outOfWindowAckInterval',
  'keepAliveIdle',
  'keepAliveInterval',
]

/** Most segments a backlog of doubled RTOs may be apart: keeps `rto << backoff` finite. */
export const MAX_BACKOFF = 16

/** The initial RTO once the SYN has timed out and data begins (R6298-13). */
export const RTO_AFTER_SYN_TIMEOUT: Micros = 3 * SECOND

/**
 * Fills in defaults and checks ranges.
 * @throws ERR_OUT_OF_RANGE naming the setting, its range and the value; ERR_INVALID_ARG_VALUE for a setting that there is not
 */
export function resolveTcpSettings(given: TcpSettings = {}): TcpConfig {
  const numbers = {} as Record<NumberSetting, number>
  for (const [name, [fallback, low, high]] of Object.entries(NUMBERS) as [
    NumberSetting,
    readonly number[],
  ][]) {
    const value = given[name] ?? fallback
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The TCP setting '${name}' must be an integer from ${low} to ${high}. Received ${value}`,
      )
    }
    numbers[name] = TIMES.includes(name) ? value * MILLISECOND : value
  }
  const config: TcpConfig = {
    ...numbers,
    receiveBufferMax: Math.max(numbers.receiveBufferMax, numbers.receiveBuffer),
    sendBufferMax: Math.max(numbers.sendBufferMax, numbers.sendBuffer),
    windowScaling: given.windowScaling ?? true,
    timestamps: given.timestamps ?? true,
    fastOpenWithoutCookie: given.fastOpenWithoutCookie ?? false,
    sack: given.sack ?? true,
    dsack: given.dsack ?? true,
    receiveBufferTuning: given.receiveBufferTuning ?? true,
    quickAck: given.quickAck ?? true,
    rack: given.rack ?? true,
    tailLossProbe: given.tailLossProbe ?? true,
    frto: given.frto ?? true,
    slowStartAfterIdle: given.slowStartAfterIdle ?? true,
    mtuProbing: checkMtuProbing(given.mtuProbing ?? 'blackHole'),
    userTimeoutOption: given.userTimeoutOption ?? false,
    trafficClass: numbers.trafficClass & DSCP_MASK,
    congestion: checkCongestionName(given.congestion ?? 'cubic'),
    pacing: given.pacing ?? false,
    ecn: checkEcn(given.ecn ?? 'passive'),
    synCookies: checkSynCookies(given.synCookies ?? true),
    ephemeralPorts: checkPorts(given.ephemeralPorts ?? [32_768, 65_535]),
    initialSequence: checkInitialSequence(given.initialSequence ?? null),
  }
  refuseUnknown('TCP settings', given, config)
  return config
}

function checkSynCookies(value: SynCookieSetting): SynCookieSetting {
  if (value === false || value === true || value === 'always') return value
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `The TCP setting 'synCookies' must be true, false or 'always'. Received ${String(value)}`,
  )
}

function checkInitialSequence(value: number | null): number | null {
  if (value === null || (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff)) return value
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `The TCP setting 'initialSequence' must be an integer from 0 to 4294967295, or null. Received ${value}`,
  )
}

function checkMtuProbing(value: MtuProbing): MtuProbing {
  if (value === false || value === 'blackHole' || value === 'always') return value
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `The TCP setting 'mtuProbing' must be false, 'blackHole' or 'always'. Received ${String(value)}`,
  )
}

function checkPorts(range: PortRange): PortRange {
  const [first, last] = range
  const whole = range.length === 2 && Number.isInteger(first) && Number.isInteger(last)
  if (whole && first >= 1 && first <= last && last <= 65_535) return range
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `The TCP setting 'ephemeralPorts' must be two ports from 1 to 65535, the lower first. Received ${String(range)}`,
  )
}

function checkEcn(value: EcnSetting): EcnSetting {
  if (value === false || value === true || value === 'passive') return value
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `The TCP setting 'ecn' must be true, false or 'passive'. Received ${String(value)}`,
  )
}
