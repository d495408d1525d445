import { explainSegment } from '../../model/explain/explain.ts'
import type { Sentence } from '../../model/explain/sentence.ts'
import type { Recording, SegmentRecord } from '../../model/recording.ts'
import { h } from '../h.ts'

const RFC = /^RFC (\d+)(?: section (\S+))?$/

/** Why the segment was sent, and what its receiver did with it, as far as that has been shown. */
export function explanationOf(recording: Recording, segment: SegmentRecord, horizon: number): HTMLElement[] {
  const { sent, received, notable } = explainSegment(recording, segment.number)
  const receiver = segment.way === 'A→B' ? 'B' : 'A'
  const arrived = segment.arrivedAt !== null && segment.arrivedAt <= horizon
  return [
    ...part('Why it was sent', sent),
    ...part(`What ${receiver} did with it`, arrived ? received : []),
    ...part('Worth knowing', notable),
  ]
}

function part(title: string, sentences: readonly Sentence[]): HTMLElement[] {
  if (sentences.length === 0) return []
  return [h('div', { class: 'explanation-part' }, h('h4', {}, title), ...sentences.map(paragraph))]
}

function paragraph({ text, where }: Sentence): HTMLElement {
  return h('p', {}, ...words(text), where !== null && ' ', where !== null && reference(where))
}

/** Names and numbers of the protocol stand in backquotes. */
function words(text: string): Node[] {
  return text
    .split('`')
    .map((piece, index) => (index % 2 === 1 ? h('code', {}, piece) : document.createTextNode(piece)))
}

function reference(where: string): HTMLElement {
  const [, number, section] = RFC.exec(where) ?? []
  if (number === undefined) return h('span', { class: 'reference' }, where)
  const href = `https://www.rfc-editor.org/rfc/rfc${number}${section === undefined ? '' : `#section-${section}`}`
  return h('a', { class: 'reference', href, target: '_blank', rel: 'noreferrer' }, where)
}
