import type { EndRecord, EndSample, Recording } from '../../model/recording.ts'
import type { HostName } from '../../model/scenario.ts'

export function endOf(recording: Recording, host: HostName, flow: number): EndRecord | null {
  return recording.ends.find((end) => end.host === host && end.flow === flow) ?? null
}

/** The index of the last sample that is not later than `time`, or -1. */
export function sampleIndex(samples: readonly EndSample[], time: number): number {
  let low = 0
  let high = samples.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (samples[middle].time <= time) low = middle + 1
    else high = middle
  }
  return low - 1
}

export function sampleAt(recording: Recording, host: HostName, flow: number, time: number): EndSample | null {
  const end = endOf(recording, host, flow)
  if (end === null) return null
  const index = sampleIndex(end.samples, time)
  return index < 0 ? null : end.samples[index]
}

/** The last change of state before or at `time`. */
export function lastTransition(
  samples: readonly EndSample[],
  time: number,
): { readonly from: string; readonly to: string; readonly time: number } | null {
  const last = sampleIndex(samples, time)
  for (let at = last; at > 0; at--) {
    if (samples[at].state === samples[at - 1].state) continue
    return { from: samples[at - 1].state, to: samples[at].state, time: samples[at].time }
  }
  // An end begins in CLOSED, and its first sample is what came of that.
  if (last >= 0 && samples[0].state !== 'CLOSED') {
    return {
      from: samples[0].state === 'SYN-RECEIVED' ? 'LISTEN' : 'CLOSED',
      to: samples[0].state,
      time: samples[0].time,
    }
  }
  return null
}
