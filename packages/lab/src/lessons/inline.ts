import type { SegmentRecord } from '../model/recording.ts'
import type { Lesson, Runs, Text } from './lesson.ts'

/** A piece of a text, ready to be shown: each becomes one element whose content is `text`, never markup. */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'stress'; readonly text: string }
  | { readonly kind: 'segment'; readonly text: string; readonly segment: SegmentRecord | null }
  | { readonly kind: 'rfc'; readonly text: string; readonly href: string }

const PIECES =
  /`(?<code>[^`]+)`|\*(?<stress>[^*]+)\*|\{(?<mark>\w+)(?<time>\.time)?\}|RFC (?<rfc>\d+)(?: section (?<section>[\w.]*\w))?/g

/** Takes a text apart. Where a run lacks a segment that is spoken of, the text says so. */
export function inline(text: Text, lesson: Pick<Lesson, 'marks'>, runs: Runs): Inline[] {
  const pieces: Inline[] = []
  let end = 0
  for (const match of text.matchAll(PIECES)) {
    if (match.index > end) pieces.push({ kind: 'text', text: text.slice(end, match.index) })
    pieces.push(piece(match, lesson, runs, beginsSentence(text, match.index)))
    end = match.index + match[0].length
  }
  if (end < text.length) pieces.push({ kind: 'text', text: text.slice(end) })
  return pieces
}

function beginsSentence(text: string, at: number): boolean {
  return at === 0 || /[.!?] $/.test(text.slice(0, at))
}

function piece(match: RegExpExecArray, lesson: Pick<Lesson, 'marks'>, runs: Runs, begins: boolean): Inline {
  const { code, stress, mark, time, rfc, section } = match.groups ?? {}
  if (code !== undefined) return { kind: 'code', text: code }
  if (stress !== undefined) return { kind: 'stress', text: stress }
  if (rfc !== undefined) {
    const href = `https://www.rfc-editor.org/rfc/rfc${rfc}${section === undefined ? '' : `#section-${section}`}`
    return { kind: 'rfc', text: match[0], href }
  }
  const segment = lesson.marks[mark]?.(runs) ?? null
  if (segment === null) return { kind: 'segment', text: `(${mark}: not in this run)`, segment }
  return {
    kind: 'segment',
    text: time === undefined ? `${begins ? 'Segment' : 'segment'} ${segment.number}` : clock(segment.sentAt),
    segment,
  }
}

/** `40 ms`, `1.03 s`: as exact as one reads it off a diagram. */
export function clock(time: number): string {
  if (time < 1000) return `${round(time, time < 10 ? 2 : time < 100 ? 1 : 0)} ms`
  return `${round(time / 1000, 2)} s`
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
