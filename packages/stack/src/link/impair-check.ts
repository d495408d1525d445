import type { Clock } from '../core/clock.ts'
import { TapwireError } from '../core/errors.ts'
import { type KnownOptions, refuseUnknown } from '../core/known-options.ts'
import type { Micros } from '../core/timer.ts'
import type { CodelOptions } from './codel.ts'
import type { GilbertElliott } from './gilbert-elliott.ts'
import type { FrameFilter, Impairment, ImpairOptions, QueueBound } from './impair-options.ts'
import type { JitterDistribution } from './jitter.ts'
import { oneOf, refuse, truth, whole, within } from './option-checks.ts'
import type { PolicerOptions } from './policer.ts'
import { checkScript, type FateScript } from './scripted.ts'

/** What `impair` uses: everything is given, times are in microseconds. */
export interface ResolvedImpairment {
  readonly latency: Micros
  readonly jitter: Micros
  readonly jitterDistribution: JitterDistribution
  readonly jitterCorrelation: number
  readonly jitterInOrder: boolean
  readonly bandwidth: number
  readonly queueBytes: number
  readonly queuePackets: number
  readonly codel: { readonly target: Micros; readonly interval: Micros } | null
  readonly ecn: boolean
  readonly markAboveBytes: number
  readonly markAbovePackets: number
  readonly mark: number
  readonly policer: PolicerOptions | null
  /** 0 where there is a model of bursts. */
  readonly loss: number
  readonly burstLoss: Required<GilbertElliott> | null
  readonly duplicate: number
  readonly reorder: number
  readonly reorderDelay: Micros
  readonly reorderGap: number
  readonly corrupt: number
  readonly corruptBits: number
  readonly pathMtu: number
  readonly tooBig: 'icmp' | 'silent'
  readonly script: FateScript | null
  readonly filter: FrameFilter | null
}

const LONGEST_MS = 3_600_000
const LARGEST_QUEUE = 64 * 1024 * 1024
/** As many frames as a direction keeps at most. */
const MOST_PACKETS = 65_536
const MOST_BITS = 64
const MOST_CORRELATION = 0.9999
const { POSITIVE_INFINITY } = Number

export const NO_IMPAIRMENT: ResolvedImpairment = {
  latency: 0,
  jitter: 0,
  jitterDistribution: 'uniform',
  jitterCorrelation: 0,
  jitterInOrder: true,
  bandwidth: POSITIVE_INFINITY,
  queueBytes: 256 * 1024,
  queuePackets: MOST_PACKETS,
  codel: null,
  ecn: false,
  markAboveBytes: POSITIVE_INFINITY,
  markAbovePackets: POSITIVE_INFINITY,
  mark: 0,
  policer: null,
  loss: 0,
  burstLoss: null,
  duplicate: 0,
  reorder: 0,
  reorderDelay: 0,
  reorderGap: 0,
  corrupt: 0,
  corruptBits: 1,
  pathMtu: POSITIVE_INFINITY,
  tooBig: 'icmp',
  script: null,
  filter: null,
}

/** Every frame passes as it came. */
export function doesNothing(to: ResolvedImpairment): boolean {
  return (
    to.filter === null &&
    to.script === null &&
    to.pathMtu === POSITIVE_INFINITY &&
    to.loss === 0 &&
    to.burstLoss === null &&
    to.duplicate === 0 &&
    to.corrupt === 0 &&
    to.policer === null &&
    to.mark === 0 &&
    to.reorder === 0 &&
    to.reorderGap === 0 &&
    to.latency === 0 &&
    to.jitter === 0 &&
    to.bandwidth === POSITIVE_INFINITY
  )
}

const IMPAIRMENT: KnownOptions<Impairment> = {
  latency: true,
  jitter: true,
  jitterDistribution: true,
  jitterCorrelation: true,
  jitterInOrder: true,
  bandwidth: true,
  queue: true,
  codel: true,
  ecn: true,
  markAbove: true,
  mark: true,
  policer: true,
  loss: true,
  duplicate: true,
  reorder: true,
  reorderDelay: true,
  reorderGap: true,
  corrupt: true,
  corruptBits: true,
  pathMtu: true,
  tooBig: true,
  script: true,
  filter: true,
}
const IMPAIR_OPTIONS: KnownOptions<ImpairOptions> = {
  ...IMPAIRMENT,
  direction: true,
  seed: true,
  clock: true,
  onFate: true,
}

/** What `impair` was given besides the impairment. @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE */
export function checkOptions(options: ImpairOptions): void {
  refuseUnknown("options of 'impair'", options, IMPAIR_OPTIONS)
  checkDirection(options.direction)
  const { seed, clock, onFate } = options
  if (seed !== undefined && !Number.isInteger(seed)) refuse('seed', 'an integer', seed)
  if (clock !== undefined && !isClock(clock)) refuse('clock', 'a Clock', clock)
  if (onFate !== undefined && onFate !== null && typeof onFate !== 'function') {
    refuse('onFate', 'a function or null', onFate)
  }
}

/** @throws ERR_INVALID_ARG_VALUE */
export function checkDirection(direction: ImpairOptions['direction']): void {
  if (direction !== undefined) oneOf('direction', direction, ['in', 'out', 'both'], 'both')
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE for options that there are not */
export function checkChanges(changes: Impairment): void {
  refuseUnknown("options of 'set'", changes, IMPAIRMENT)
}

/** What is given over what was. @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
export function resolveImpairment(given: Impairment, was: ResolvedImpairment): ResolvedImpairment {
  const resolved: ResolvedImpairment = {
    ...latencyOf(given, was),
    ...queueOf(given, was),
    ...lossOf(given, was),
    ...reorderOf(given, was),
    mark: within('mark', given.mark, 0, 1, was.mark),
    policer: given.policer === undefined ? was.policer : policerOf(given.policer),
    duplicate: within('duplicate', given.duplicate, 0, 1, was.duplicate),
    corrupt: within('corrupt', given.corrupt, 0, 1, was.corrupt),
    corruptBits: whole('corruptBits', given.corruptBits, 1, MOST_BITS, was.corruptBits),
    // 68: what every IPv4 link carries (RFC 791 section 3.2).
    pathMtu: within('pathMtu', given.pathMtu, 68, POSITIVE_INFINITY, was.pathMtu),
    tooBig: oneOf('tooBig', given.tooBig, ['icmp', 'silent'], was.tooBig),
    script: given.script === undefined ? was.script : checkScript(given.script),
    filter: given.filter === undefined ? was.filter : given.filter,
  }
  if (resolved.filter !== null && typeof resolved.filter !== 'function') {
    refuse('filter', 'a function or null', resolved.filter)
  }
  return resolved
}

function latencyOf(given: Impairment, was: ResolvedImpairment) {
  const distributions = ['uniform', 'normal', 'pareto'] as const
  return {
    latency: within('latency', given.latency, 0, LONGEST_MS, was.latency, 1000),
    jitter: within('jitter', given.jitter, 0, LONGEST_MS, was.jitter, 1000),
    jitterDistribution: oneOf(
      'jitterDistribution',
      given.jitterDistribution,
      distributions,
      was.jitterDistribution,
    ),
    jitterCorrelation: within(
      'jitterCorrelation',
      given.jitterCorrelation,
      0,
      MOST_CORRELATION,
      was.jitterCorrelation,
    ),
    jitterInOrder: truth('jitterInOrder', given.jitterInOrder, was.jitterInOrder),
  }
}

function queueOf(given: Impairment, was: ResolvedImpairment) {
  const { queue, markAbove } = given
  const queueBound = bound('queue', queue, LARGEST_QUEUE, MOST_PACKETS, LARGEST_QUEUE, MOST_PACKETS)
  const marks = bound(
    'markAbove',
    markAbove,
    POSITIVE_INFINITY,
    POSITIVE_INFINITY,
    POSITIVE_INFINITY,
    POSITIVE_INFINITY,
  )
  return {
    bandwidth: within('bandwidth', given.bandwidth, 1, POSITIVE_INFINITY, was.bandwidth),
    queueBytes: queueBound?.bytes ?? was.queueBytes,
    queuePackets: queueBound?.packets ?? was.queuePackets,
    markAboveBytes: marks?.bytes ?? was.markAboveBytes,
    markAbovePackets: marks?.packets ?? was.markAbovePackets,
    codel: given.codel === undefined ? was.codel : codelOf(given.codel),
    ecn: truth('ecn', given.ecn, was.ecn),
  }
}

function bound(
  name: string,
  given: number | QueueBound | undefined,
  mostBytes: number,
  mostPackets: number,
  anyBytes: number,
  anyPackets: number,
): Required<QueueBound> | null {
  if (given === undefined) return null
  if (typeof given !== 'object' || given === null) {
    return { bytes: within(name, given, 0, mostBytes, 0), packets: anyPackets }
  }
  refuseUnknown(`options of '${name}'`, given, { bytes: true, packets: true })
  if (given.bytes === undefined && given.packets === undefined) {
    refuse(name, "a number of bytes, or an object with 'bytes' or 'packets'", '{}')
  }
  return {
    bytes: within(`${name}.bytes`, given.bytes, 0, mostBytes, anyBytes),
    packets: within(`${name}.packets`, given.packets, 0, mostPackets, anyPackets),
  }
}

function codelOf(given: boolean | CodelOptions): ResolvedImpairment['codel'] {
  if (given === false) return null
  const options = given === true ? {} : given
  if (typeof options !== 'object' || options === null) refuse('codel', 'a boolean or an object', given)
  refuseUnknown("options of 'codel'", options, { target: true, interval: true })
  return {
    target: within('codel.target', options.target, 0.001, LONGEST_MS, 5000, 1000),
    interval: within('codel.interval', options.interval, 0.001, LONGEST_MS, 100_000, 1000),
  }
}

function policerOf(given: PolicerOptions | null): PolicerOptions | null {
  if (given === null) return null
  if (typeof given !== 'object') refuse('policer', "an object with 'rate' and 'burst', or null", given)
  refuseUnknown("options of 'policer'", given, { rate: true, burst: true })
  return {
    rate: within('policer.rate', given.rate ?? Number.NaN, 1, Number.MAX_SAFE_INTEGER, 0),
    burst: within('policer.burst', given.burst ?? Number.NaN, 1, LARGEST_QUEUE, 0),
  }
}

function lossOf(given: Impairment, was: ResolvedImpairment) {
  const { loss } = given
  if (loss === undefined) return { loss: was.loss, burstLoss: was.burstLoss }
  if (typeof loss !== 'object' || loss === null) {
    return { loss: within('loss', loss, 0, 1, 0), burstLoss: null }
  }
  refuseUnknown("options of 'loss'", loss, { toBad: true, toGood: true, lossBad: true, lossGood: true })
  const burstLoss: Required<GilbertElliott> = {
    toBad: within('loss.toBad', loss.toBad ?? Number.NaN, 0, 1, 0),
    toGood: within('loss.toGood', loss.toGood ?? Number.NaN, 0, 1, 0),
    lossBad: within('loss.lossBad', loss.lossBad, 0, 1, 1),
    lossGood: within('loss.lossGood', loss.lossGood, 0, 1, 0),
  }
  return { loss: 0, burstLoss }
}

function reorderOf(given: Impairment, was: ResolvedImpairment) {
  const reorder = within('reorder', given.reorder, 0, 1, was.reorder)
  const reorderDelay = within('reorderDelay', given.reorderDelay, 0, LONGEST_MS, was.reorderDelay, 1000)
  const reorderGap = whole('reorderGap', given.reorderGap, 0, 0x7fff_ffff, was.reorderGap)
  const latency = given.latency === undefined ? was.latency : given.latency
  if ((reorder > 0 || reorderGap > 0) && latency === 0 && reorderDelay === 0) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `'${reorder > 0 ? 'reorder' : 'reorderGap'}' needs a 'latency' or a 'reorderDelay': without one there is nothing on the way to overtake`,
    )
  }
  return { reorder, reorderDelay, reorderGap }
}

function isClock(clock: Clock): boolean {
  return (
    typeof clock === 'object' &&
    clock !== null &&
    typeof clock.now === 'function' &&
    typeof clock.alarm === 'function'
  )
}
