import { inline } from '../../lessons/inline.ts'
import type { Lesson, Runs, Text } from '../../lessons/lesson.ts'
import type { SegmentRecord } from '../../model/recording.ts'
import { h } from '../h.ts'

export interface TextContext {
  readonly lesson: Pick<Lesson, 'marks'>
  readonly runs: Runs
  /** The reader wants to see a segment that the text speaks of. */
  readonly onSegment: (segment: SegmentRecord) => void
}

/** A lesson's text as elements. */
export function textNodes(text: Text, context: TextContext): Node[] {
  return inline(text, context.lesson, context.runs).map((piece): Node => {
    switch (piece.kind) {
      case 'code':
        return h('code', {}, piece.text)
      case 'stress':
        return h('em', {}, piece.text)
      case 'rfc':
        return h('a', { href: piece.href, rel: 'noreferrer', target: '_blank' }, piece.text)
      case 'segment': {
        const { segment } = piece
        if (segment === null) return h('em', {}, piece.text)
        const show = (): void => context.onSegment(segment)
        return h('button', { type: 'button', class: 'segment-link', on: { click: show } }, piece.text)
      }
      default:
        return document.createTextNode(piece.text)
    }
  })
}

export function paragraph(text: Text, context: TextContext): HTMLElement {
  return h('p', {}, ...textNodes(text, context))
}
