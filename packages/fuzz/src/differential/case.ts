import type { Difference } from './compare.ts'
import type { Facts } from './follower.ts'
import type { Step } from './script.ts'

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const ACK = 0x10

/** A difference, and what the segment was after which it showed. */
export interface Case {
  readonly difference: Difference
  readonly step: Step
  readonly facts: Facts
  /** What that segment and those before it were to the stack. */
  readonly until: readonly Facts[]
  /** What each said, in one line. */
  readonly kernel: string
  readonly tapwire: string
}

export const has = (step: Step, bit: number): boolean => (step.flags & bit) !== 0
export const isReset = (text: string): boolean => text.startsWith('RST ') && !text.includes(' | ')
export const isAck = (text: string): boolean => text.startsWith('ACK ') && !text.includes(' | ')
export const withoutTimes = (text: string): string => text.replace(/TS -?\d+(, )?/g, '').replace(/ <>/g, '')
export const withoutSack = (text: string): string =>
  text.replace(/(, )?sack [-+\w ]+/g, '').replace(/ <>/g, '')
/** Without numbers of the script's own: they count from another edge. */
export const withoutOurs = (text: string): string => withoutSack(text).replace(/ ack=\S+/g, '')
export const acknowledged = (text: string): number => Number(/ ack=(-?\d+)/.exec(text)?.[1])
/** The timestamps that it echoes. */
const echoes = (text: string): number[] => [...text.matchAll(/TS (-?\d+)/g)].map(([, value]) => Number(value))

export const isOld = ({ time, recent }: Facts): boolean =>
  time !== null && recent !== null && ((time - recent) | 0) < 0
export const isOlder = (one: Facts, other: Facts): boolean =>
  one.time !== null && other.time !== null && ((one.time - other.time) | 0) < 0
export const touches = ({ seq }: Facts, step: Step): boolean =>
  seq < 0 && seq + step.length + (has(step, FIN) ? 1 : 0) === 0

/** To tapwire the peer's last timestamp is that of a segment of such a kind, and not to the kernel; or the other way round. */
export function remembered(
  { until, difference: { script }, kernel, tapwire }: Case,
  by: 'kernel' | 'tapwire',
  such: (facts: Facts, step: Step) => boolean,
): boolean {
  const [who, other] = by === 'kernel' ? [kernel, tapwire] : [tapwire, kernel]
  return until.some(
    (facts, i) =>
      facts.time !== null &&
      such(facts, script.steps[i]) &&
      echoes(who).includes(facts.time) &&
      !echoes(other).includes(facts.time),
  )
}
