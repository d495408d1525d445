import type { Recording, SegmentRecord } from '../../model/recording.ts'

/** The model's words about a segment, as elements. */
export function explanationOf(recording: Recording, segment: SegmentRecord, horizon: number): Node[] {
  void recording
  void segment
  void horizon
  return []
}
