import { type LabState, runOf, type View } from '../../app/store.ts'
import type { EndSample } from '../../model/recording.ts'
import type { HostName } from '../../model/scenario.ts'
import { numberText } from '../format.ts'
import { h, refill, s, setText } from '../h.ts'
import { standaloneSvg } from '../save-file.ts'
import { sampleAt } from './samples.ts'

export type TapeKind =
  | 'acked'
  | 'sent'
  | 'sacked'
  | 'lost'
  | 'unsent'
  | 'read'
  | 'waiting'
  | 'outOfOrder'
  | 'free'

/** A stretch of sequence numbers (relative to the ISN) of one kind. Later ones lie on earlier ones. */
export interface Stretch {
  readonly kind: TapeKind
  readonly from: number
  readonly to: number
}

export interface Tape {
  readonly from: number
  readonly to: number
  readonly stretches: readonly Stretch[]
  /** Places with a name: SND.UNA, SND.NXT. */
  readonly marks: readonly { readonly name: string; readonly at: number }[]
  /** What may be used of it: the window. */
  readonly window: readonly [number, number]
}

const LEGEND: Readonly<Record<'send' | 'receive', readonly (readonly [TapeKind, string])[]>> = {
  send: [
    ['acked', 'acknowledged'],
    ['sent', 'sent'],
    ['sacked', 'SACKed'],
    ['lost', 'taken for lost'],
    ['unsent', 'written, not sent'],
    ['free', 'free'],
  ],
  receive: [
    ['read', 'read'],
    ['waiting', 'waits to be read'],
    ['outOfOrder', 'out of order'],
    ['free', 'free'],
  ],
}

/** Of the picture that can be taken away. */
const SHEET = { width: 800, row: 74 }

/** What the sender has, as far as the eye wants it: about one window around SND.UNA. */
export function sendTape(sample: EndSample): Tape {
  const { sndUna, sndNxt, sndEnd, sndWnd, info } = sample
  const busy = Math.max(
    sndNxt - sndUna,
    Math.min(sndEnd - sndUna, info.cwnd * 1.5),
    info.cwnd,
    info.sndMss * 8,
  )
  const span = busy * 1.5
  const from = Math.max(0, sndUna - span * 0.2)
  const to = from + span
  return {
    from,
    to,
    stretches: [
      { kind: 'acked', from: 0, to: sndUna },
      { kind: 'unsent', from: sndNxt, to: Math.max(sndNxt, sndEnd) },
      { kind: 'sent', from: sndUna, to: sndNxt },
      ...sample.lost.map(([left, right]) => ({ kind: 'lost' as const, from: left, to: right })),
      ...sample.sacked.map(([left, right]) => ({ kind: 'sacked' as const, from: left, to: right })),
    ],
    marks:
      sndUna === sndNxt
        ? [{ name: 'snd.una = snd.nxt', at: sndUna }]
        : [
            { name: 'snd.una', at: sndUna },
            { name: 'snd.nxt', at: sndNxt },
          ],
    window: [sndUna, sndUna + sndWnd],
  }
}

export function receiveTape(sample: EndSample): Tape {
  const { rcvNxt, rcvWnd, rcvRead, outOfOrder, info } = sample
  const highest = outOfOrder.reduce((most, [, right]) => Math.max(most, right), rcvNxt)
  const busy = Math.max(
    highest - rcvRead,
    Math.min(rcvNxt + rcvWnd - rcvRead, info.sndMss * 16),
    info.sndMss * 4,
  )
  const span = busy * 1.4
  const from = Math.max(0, rcvRead - span * 0.2)
  return {
    from,
    to: from + span,
    stretches: [
      { kind: 'read', from: 0, to: rcvRead },
      { kind: 'waiting', from: rcvRead, to: rcvNxt },
      ...outOfOrder.map(([left, right]) => ({ kind: 'outOfOrder' as const, from: left, to: right })),
    ],
    marks: [{ name: 'rcv.nxt', at: rcvNxt }],
    window: [rcvNxt, rcvNxt + rcvWnd],
  }
}

/** The send and the receive buffer of both ends, drawn as tapes of sequence numbers. */
export class TapesView implements View {
  readonly element: HTMLElement
  private readonly tapes: readonly TapeElement[]

  constructor() {
    this.tapes = (['A', 'B'] as const).flatMap((host) => [
      new TapeElement(host, 'send'),
      new TapeElement(host, 'receive'),
    ])
    this.element = h(
      'section',
      { class: 'panel-body tapes' },
      ...this.tapes.map((tape) => tape.element),
      legend('send', 'Send'),
      legend('receive', 'Receive'),
    )
  }

  /** All of them on one sheet. It has to be in the page for a moment, so that the stylesheet holds for it. */
  toSvg(state: LabState, background: string): string {
    this.update(state)
    const sheet = s(
      'svg',
      { viewBox: `0 0 ${SHEET.width} ${SHEET.row * this.tapes.length + 16}` },
      ...this.tapes.map((tape, index) => tape.forSheet(SHEET.row * index + 20)),
    )
    document.body.append(sheet)
    const text = standaloneSvg(sheet, background)
    sheet.remove()
    return text
  }

  update(state: LabState): void {
    const { recording } = runOf(state)
    for (const tape of this.tapes) {
      tape.show(sampleAt(recording, tape.host, state.flow, state.cursor.time))
    }
  }
}

function legend(kind: 'send' | 'receive', title: string): HTMLElement {
  return h(
    'p',
    { class: 'legend' },
    h('b', {}, title),
    ...LEGEND[kind].map(([name, text]) => h('span', {}, h('i', { class: `swatch tape-${name}` }), text)),
  )
}

class TapeElement {
  readonly element: HTMLElement
  readonly host: HostName
  private readonly kind: 'send' | 'receive'
  private readonly svg: SVGSVGElement
  private readonly text: HTMLElement
  private shown: EndSample | null | undefined

  constructor(host: HostName, kind: 'send' | 'receive') {
    this.host = host
    this.kind = kind
    this.svg = s('svg', { class: 'tape', 'aria-hidden': true })
    this.text = h('span', { class: 'tape-text' })
    this.element = h(
      'div',
      { class: 'tape-row' },
      h(
        'div',
        { class: 'tape-head' },
        h('b', { class: `host-${host}` }, host),
        ` ${kind === 'send' ? 'sends' : 'receives'}`,
        this.text,
      ),
      this.svg,
    )
  }

  /** A copy with its heading, so far down on the sheet. */
  forSheet(y: number): SVGElement {
    const copy = s('svg', { x: 16, y: y + 6, width: SHEET.width - 32, height: 54 })
    copy.append(...[...this.svg.childNodes].map((node) => node.cloneNode(true)))
    const { host, kind, text } = this
    const heading = `${host} ${kind === 'send' ? 'sends' : 'receives'}: ${text.textContent}`
    return s('g', {}, s('text', { x: 16, y, class: 'tape-heading' }, heading), copy)
  }

  show(sample: EndSample | null): void {
    if (sample === this.shown) return
    this.shown = sample
    if (sample === null) {
      refill(this.svg)
      setText(this.text, 'nothing yet')
      return
    }
    const tape = this.kind === 'send' ? sendTape(sample) : receiveTape(sample)
    setText(this.text, this.kind === 'send' ? sendText(sample) : receiveText(sample))
    refill(this.svg, ...drawTape(tape))
  }
}

function sendText({ sndUna, sndNxt, sndEnd }: EndSample): string {
  return `${numberText(sndNxt - sndUna)} in flight, ${numberText(Math.max(0, sndEnd - sndNxt))} not sent`
}

function receiveText({ rcvNxt, rcvRead, outOfOrder, rcvWnd }: EndSample): string {
  const apart = outOfOrder.reduce((sum, [left, right]) => sum + right - left, 0)
  const order = apart > 0 ? `, ${numberText(apart)} out of order` : ''
  return `${numberText(rcvNxt - rcvRead)} to be read${order}, window ${numberText(rcvWnd)}`
}

function drawTape(tape: Tape): SVGElement[] {
  const span = Math.max(1, tape.to - tape.from)
  const part = (at: number): number => Math.min(100, Math.max(0, ((at - tape.from) / span) * 100))
  const bar = (from: number, to: number, y: number, height: number, name: string): SVGElement =>
    s('rect', {
      x: `${part(from)}%`,
      y,
      width: `${Math.max(0, part(to) - part(from))}%`,
      height,
      class: name,
    })
  return [
    s('rect', { x: 0, y: 8, width: '100%', height: 16, class: 'tape-free' }),
    ...tape.stretches.map(({ from, to, kind }) => bar(from, to, 8, 16, `tape-${kind}`)),
    bar(tape.window[0], tape.window[1], 2, 3, 'tape-window'),
    ...tape.marks.flatMap(({ at, name }, index) => [
      s('line', { x1: `${part(at)}%`, x2: `${part(at)}%`, y1: 5, y2: 28, class: 'tape-mark' }),
      s(
        'text',
        {
          x: `${part(at)}%`,
          y: 38 + index * 12,
          'text-anchor': anchor(part(at), `${name} ${numberText(at)}`),
          class: 'tape-name',
        },
        `${name} ${numberText(at)}`,
      ),
    ]),
  ]
}

/** Names at the edges stay on the tape: a letter takes about this part of a narrow one, in per cent. */
const LETTER = 1.9

function anchor(part: number, text: string): string {
  if (part < text.length * LETTER) return 'start'
  return 'end'
}
