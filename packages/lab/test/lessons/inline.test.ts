import { describe, expect, it } from 'vitest'
import { clock, inline } from '../../src/lessons/inline.ts'
import type { Lesson } from '../../src/lessons/lesson.ts'
import type { SegmentRecord } from '../../src/model/recording.ts'
import { NOTHING } from './runs.ts'

const SEGMENT = { number: 4, sentAt: 1030 } as SegmentRecord
const LESSON: Pick<Lesson, 'marks'> = { marks: { syn: () => SEGMENT, gone: () => null } }

const pieces = (text: string) => inline(text, LESSON, { first: NOTHING, second: NOTHING })

describe('the markup of lessons', () => {
  it('knows names, stress and segments', () => {
    expect(pieces('`cwnd` *is* {syn}.')).toEqual([
      { kind: 'code', text: 'cwnd' },
      { kind: 'text', text: ' ' },
      { kind: 'stress', text: 'is' },
      { kind: 'text', text: ' ' },
      { kind: 'segment', text: 'segment 4', segment: SEGMENT },
      { kind: 'text', text: '.' },
    ])
  })

  it('begins a sentence with a capital', () => {
    expect(pieces('{syn} and {syn}. {syn}: {syn}').map(({ text }) => text)).toEqual([
      'Segment 4',
      ' and ',
      'segment 4',
      '. ',
      'Segment 4',
      ': ',
      'segment 4',
    ])
  })

  it('writes the time of a segment', () => {
    expect(pieces('at {syn.time}')[1]).toEqual({ kind: 'segment', text: '1.03 s', segment: SEGMENT })
  })

  it('says which segment a run does not have', () => {
    expect(pieces('{gone} {never}').map(({ text }) => text)).toEqual([
      '(gone: not in this run)',
      ' ',
      '(never: not in this run)',
    ])
  })

  it('links RFCs and their sections, without the full stop behind them', () => {
    expect(pieces('See RFC 9293 section 3.8.6.1. And RFC 813')).toEqual([
      { kind: 'text', text: 'See ' },
      {
        kind: 'rfc',
        text: 'RFC 9293 section 3.8.6.1',
        href: 'https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1',
      },
      { kind: 'text', text: '. And ' },
      { kind: 'rfc', text: 'RFC 813', href: 'https://www.rfc-editor.org/rfc/rfc813' },
    ])
  })

  it('leaves everything else as it is, markup of pages too', () => {
    expect(pieces('<b>2 * 3</b> & {')).toEqual([{ kind: 'text', text: '<b>2 * 3</b> & {' }])
  })

  it('writes times as one reads them off', () => {
    expect([0, 1.234, 40.26, 123.4, 3040].map(clock)).toEqual([
      '0 ms',
      '1.23 ms',
      '40.3 ms',
      '123 ms',
      '3.04 s',
    ])
  })
})
