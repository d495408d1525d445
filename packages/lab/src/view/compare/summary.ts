import { summarizeRun } from '../../model/compare.ts'
import type { Recording } from '../../model/recording.ts'
import { rateText, timeText } from '../format.ts'

export const SUMMARY_HEADS = ['Last byte', 'Goodput', 'Segments', 'Sent again', 'Lost', 'Queue'] as const

/** What a run came to, a text for each head. @param recording as far as it is shown */
export function summaryTexts(recording: Recording): string[] {
  const { finishedAt, goodput, segments, again, lost, queuePackets } = summarizeRun(recording)
  return [
    finishedAt === null ? '–' : timeText(finishedAt),
    goodput > 0 ? rateText(goodput) : '–',
    String(segments),
    String(again),
    String(lost),
    String(queuePackets),
  ]
}
