import type { Recording } from '../model/recording.ts'

/** The recording as it was at `until`: what the page has shown of it, for plots, summaries and files. */
export function shownPart(recording: Recording, until: number): Recording {
  const { segments, events, ends, queues, calls } = recording
  return {
    scenario: recording.scenario,
    segments: segments.slice(
      0,
      firstAfter(segments, until, ({ sentAt }) => sentAt),
    ),
    events: events.slice(0, firstAfter(events, until, timeOf)),
    ends: ends.map((end) => ({
      ...end,
      samples: end.samples.slice(0, firstAfter(end.samples, until, timeOf)),
    })),
    queues: {
      'A→B': queues['A→B'].slice(0, firstAfter(queues['A→B'], until, timeOf)),
      'B→A': queues['B→A'].slice(0, firstAfter(queues['B→A'], until, timeOf)),
    },
    ...(calls !== undefined && { calls: calls.slice(0, firstAfter(calls, until, timeOf)) }),
    time: Math.min(until, recording.time),
    over: recording.over,
  }
}

const timeOf = ({ time }: { readonly time: number }): number => time

/** The index of the first that is later; the list is in order of time. */
function firstAfter<T>(list: readonly T[], time: number, of: (one: T) => number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (of(list[middle]) <= time) low = middle + 1
    else high = middle
  }
  return low
}
