import type { Recording } from '../../model/recording.ts'
import { rateText, timeText } from '../format.ts'

export interface Summary {
  /** When the last new byte came, in milliseconds. */
  readonly lastByte: number
  readonly delivered: number
  readonly segments: number
  readonly again: number
  readonly lost: number
}

/** What a run came to, as far as it has been shown. */
export function summarize({ segments, ends }: Recording, until: number): Summary {
  let [count, again, lost, lastByte, delivered] = [0, 0, 0, 0, 0]
  for (const segment of segments) {
    if (segment.sentAt > until) break
    count++
    if (segment.again !== null) again++
    if (segment.lost !== null && segment.lost.at <= until) lost++
  }
  for (const { samples } of ends) {
    let most = 0
    for (const { time, rcvNxt } of samples) {
      if (time > until) break
      if (rcvNxt <= most) continue
      // The SYN and the FIN count in sequence numbers: one each.
      if (rcvNxt > most + 1) lastByte = Math.max(lastByte, time)
      most = rcvNxt
    }
    delivered += Math.max(0, most - 1)
  }
  return { lastByte, delivered, segments: count, again, lost }
}

export const SUMMARY_HEADS = ['Last byte', 'Goodput', 'Segments', 'Sent again', 'Lost'] as const

export function summaryTexts({ lastByte, delivered, segments, again, lost }: Summary): string[] {
  const rate = lastByte > 0 ? rateText((delivered * 8000) / lastByte) : '–'
  return [timeText(lastByte), rate, String(segments), String(again), String(lost)]
}
