import { createSimulation } from './create-simulation.ts'
import type { Recording } from './recording.ts'
import type { Scenario } from './scenario.ts'

/** What a run came to. Times in milliseconds, null for what did not happen. */
export interface RunSummary {
  /** When the last application had read the last byte of what was for it. */
  readonly finishedAt: number | null
  /** Bytes that applications have read. */
  readonly delivered: number
  /** Bits a second until then. */
  readonly goodput: number
  readonly segments: number
  readonly again: number
  readonly lost: number
  /** Retransmission timeouts. */
  readonly timeouts: number
  readonly marked: number
  /** Packets and bytes that waited, at most, in either queue. */
  readonly queuePackets: number
  readonly queueBytes: number
  /** The largest smoothed round-trip time that a sender had. */
  readonly srtt: number
}

export interface Comparison {
  readonly first: RunSummary
  readonly second: RunSummary
  /** What is not the same, in the order of `RunSummary`. */
  readonly differences: readonly Difference[]
}

export interface Difference {
  readonly name: keyof RunSummary
  readonly first: number | null
  readonly second: number | null
  /** How much of the first the second is; null where that says nothing. */
  readonly ratio: number | null
}

/** What a recording came to, so far. */
export function summarizeRun({ segments, events, ends, queues }: Recording): RunSummary {
  let finishedAt: number | null = null
  let [delivered, srtt] = [0, 0]
  for (const { samples } of ends) {
    let read = 1
    for (const { time, rcvRead, info } of samples) {
      srtt = Math.max(srtt, info.srtt)
      if (rcvRead <= read) continue
      read = rcvRead
      finishedAt = Math.max(finishedAt ?? 0, time)
    }
    delivered += read - 1
  }
  const waiting = [...queues['A→B'], ...queues['B→A']]
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)
  return {
    finishedAt,
    delivered,
    goodput: finishedAt === null || finishedAt === 0 ? 0 : (delivered * 8000) / finishedAt,
    segments: segments.length,
    again: segments.filter(({ again }) => again !== null).length,
    lost: segments.filter(({ lost }) => lost !== null).length,
    timeouts: events.filter(({ event }) => event.kind === 'timeout').length,
    marked: segments.filter(({ marked }) => marked).length,
    queuePackets: most(waiting.map(({ packets }) => packets)),
    queueBytes: most(waiting.map(({ bytes }) => bytes)),
    srtt,
  }
}

export function compareRuns(one: Recording, another: Recording): Comparison {
  const first = summarizeRun(one)
  const second = summarizeRun(another)
  const names = Object.keys(first) as (keyof RunSummary)[]
  const differences = names.flatMap((name): Difference[] => {
    const [a, b] = [first[name], second[name]]
    if (a === b) return []
    return [{ name, first: a, second: b, ratio: a === null || b === null || a === 0 ? null : b / a }]
  })
  return { first, second, differences }
}

/** Runs a scenario, and the same with something changed, to their ends. @throws what `createSimulation` throws */
export function compareScenarios(
  scenario: Scenario,
  changed: Scenario,
): Comparison & { readonly recordings: readonly [Recording, Recording] } {
  const [one, another] = [scenario, changed].map((each) => {
    const simulation = createSimulation(each)
    simulation.runTo(each.duration)
    return simulation.recording
  })
  return { ...compareRuns(one, another), recordings: [one, another] }
}
