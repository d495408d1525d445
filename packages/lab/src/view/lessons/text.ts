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
        return segmentLink(piece.text, () => context.onSegment(segment))
      }
      default:
        return document.createTextNode(piece.text)
    }
  })
}

/** A button that is part of its sentence: a real one is a box, and the full stop behind it could begin a line. */
function segmentLink(text: string, show: () => void): HTMLElement {
  const link = h('span', { class: 'segment-link', role: 'button', tabindex: 0, on: { click: show } }, text)
  link.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    event.stopPropagation()
    show()
  })
  return link
}

export function paragraph(text: Text, context: TextContext): HTMLElement {
  return h('p', {}, ...textNodes(text, context))
}
