import { type LabState, runOf, type View } from '../../app/store.ts'
import type { HostName } from '../../model/scenario.ts'
import { h, refill, s } from '../h.ts'
import { endOf, lastTransition, sampleIndex } from './samples.ts'

const WIDTH = 520
const HEIGHT = 372
const BOX = { width: 122, height: 26 }

/** Where RFC 9293 figure 5 has them. */
const PLACES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  CLOSED: [260, 18],
  LISTEN: [260, 74],
  'SYN-RECEIVED': [76, 122],
  'SYN-SENT': [444, 122],
  ESTABLISHED: [260, 170],
  'FIN-WAIT-1': [76, 226],
  'CLOSE-WAIT': [444, 226],
  'FIN-WAIT-2': [76, 354],
  CLOSING: [260, 290],
  'LAST-ACK': [444, 290],
  'TIME-WAIT': [260, 354],
  END: [444, 354],
}

interface Edge {
  readonly from: string
  readonly to: string
  readonly text: string
  /** Of the label, from the middle of the line. */
  readonly dx?: number
  readonly dy?: number
  readonly anchor?: 'start' | 'middle' | 'end'
}

const EDGES: readonly Edge[] = [
  { from: 'CLOSED', to: 'LISTEN', text: 'passive open', dx: -6, anchor: 'end' },
  { from: 'CLOSED', to: 'SYN-SENT', text: 'active open / SYN', dx: 20, dy: -8, anchor: 'start' },
  { from: 'LISTEN', to: 'SYN-RECEIVED', text: 'SYN / SYN+ACK', dx: -8, dy: -10, anchor: 'end' },
  { from: 'LISTEN', to: 'SYN-SENT', text: '' },
  { from: 'SYN-SENT', to: 'SYN-RECEIVED', text: 'SYN / SYN+ACK', dy: -7 },
  { from: 'SYN-RECEIVED', to: 'ESTABLISHED', text: 'ACK of SYN', dx: 12, dy: 14, anchor: 'end' },
  { from: 'SYN-SENT', to: 'ESTABLISHED', text: 'SYN+ACK / ACK', dx: -8, dy: 15, anchor: 'start' },
  { from: 'SYN-RECEIVED', to: 'FIN-WAIT-1', text: 'close / FIN', dx: 6, dy: 0, anchor: 'start' },
  { from: 'ESTABLISHED', to: 'FIN-WAIT-1', text: 'close / FIN', dx: 2, dy: 17, anchor: 'start' },
  { from: 'ESTABLISHED', to: 'CLOSE-WAIT', text: 'FIN / ACK', dx: 10, dy: -8, anchor: 'start' },
  { from: 'FIN-WAIT-1', to: 'FIN-WAIT-2', text: 'ACK of FIN', dx: 6, dy: 20, anchor: 'start' },
  { from: 'FIN-WAIT-1', to: 'CLOSING', text: 'FIN / ACK', dx: 10, dy: -8, anchor: 'start' },
  { from: 'FIN-WAIT-1', to: 'TIME-WAIT', text: '' },
  { from: 'FIN-WAIT-2', to: 'TIME-WAIT', text: 'FIN / ACK', dy: -7 },
  { from: 'CLOSING', to: 'TIME-WAIT', text: 'ACK of FIN', dx: 6, anchor: 'start' },
  { from: 'CLOSE-WAIT', to: 'LAST-ACK', text: 'close / FIN', dx: -6, anchor: 'end' },
  { from: 'LAST-ACK', to: 'END', text: 'ACK of FIN', dx: -6, anchor: 'end' },
  { from: 'TIME-WAIT', to: 'END', text: '2 MSL', dy: -7 },
]

const HOSTS: readonly HostName[] = ['A', 'B']

/** The state diagram of RFC 9293 (figure 5) with both ends of a connection in it. */
export class StatesView implements View {
  readonly element: HTMLElement
  readonly svg: SVGSVGElement
  private readonly boxes = new Map<string, SVGGElement>()
  private readonly edges = new Map<string, SVGGElement>()
  private readonly moves: SVGGElement
  private readonly marks: SVGGElement
  private readonly summary: HTMLElement
  private shown = ''

  constructor() {
    this.moves = s('g', {})
    this.marks = s('g', {})
    this.svg = s(
      'svg',
      {
        class: 'states',
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: 'img',
        'aria-label': 'State diagram of RFC 9293; the states are told below it',
      },
      s(
        'defs',
        {},
        ...['edge', 'edge-A', 'edge-B'].map((name) =>
          s(
            'marker',
            {
              id: `head-${name}`,
              class: name,
              viewBox: '0 0 8 8',
              refX: 7,
              refY: 4,
              markerWidth: 7,
              markerHeight: 7,
              orient: 'auto-start-reverse',
              markerUnits: 'userSpaceOnUse',
            },
            s('path', { d: 'M0 0.5 L8 4 L0 7.5 Z' }),
          ),
        ),
      ),
      ...EDGES.map((edge) => this.edgeElement(edge)),
      this.moves,
      ...Object.keys(PLACES).map((state) => this.boxElement(state)),
      this.marks,
    )
    this.summary = h('p', { class: 'states-summary' })
    this.element = h('section', { class: 'panel-body' }, this.svg, this.summary)
  }

  private boxElement(state: string): SVGGElement {
    const [x, y] = PLACES[state]
    const box = s(
      'g',
      { class: 'state' },
      s('rect', {
        x: x - BOX.width / 2,
        y: y - BOX.height / 2,
        width: BOX.width,
        height: BOX.height,
        rx: 5,
      }),
      s('text', { x, y: y + 4, 'text-anchor': 'middle' }, state === 'END' ? 'CLOSED' : state),
    )
    this.boxes.set(state, box)
    return box
  }

  private edgeElement(edge: Edge): SVGGElement {
    const line = between(edge.from, edge.to)
    const [x, y] = [(line.x1 + line.x2) / 2 + (edge.dx ?? 0), (line.y1 + line.y2) / 2 + (edge.dy ?? 0) + 3]
    const group = s(
      'g',
      { class: 'edge' },
      s('line', { ...line, 'marker-end': 'url(#head-edge)' }),
      edge.text !== '' && s('text', { x, y, 'text-anchor': edge.anchor ?? 'middle' }, edge.text),
    )
    this.edges.set(`${edge.from} ${edge.to}`, group)
    return group
  }

  update(state: LabState): void {
    const { recording } = runOf(state)
    const now = HOSTS.map((host) => {
      const samples = endOf(recording, host, state.flow)?.samples ?? []
      const index = sampleIndex(samples, state.cursor.time)
      const move = lastTransition(samples, state.cursor.time)
      const name = index < 0 ? (host === 'B' ? 'LISTEN' : 'CLOSED') : samples[index].state
      return { host, name, move }
    })
    const key = JSON.stringify(now)
    if (key === this.shown) return
    this.shown = key
    const lit = new Map<string, HostName[]>()
    refill(this.moves)
    for (const { host, name, move } of now) {
      const place = name === 'CLOSED' && move !== null ? 'END' : name
      lit.set(place, [...(lit.get(place) ?? []), host])
      if (move !== null) this.drawMove(host, move.from, move.to === 'CLOSED' ? 'END' : move.to)
    }
    this.mark(lit)
    refill(
      this.summary,
      ...now.map(({ host, name, move }) =>
        h(
          'span',
          { class: `host-${host}` },
          h('b', {}, host),
          ` ${name}${move === null ? '' : `, from ${move.from}`}`,
        ),
      ),
    )
  }

  private drawMove(host: HostName, from: string, to: string): void {
    if (!(from in PLACES) || !(to in PLACES) || from === to) return
    const known = this.edges.has(`${from} ${to}`)
    const line = between(from, to)
    // Both ends may have gone the same way: their lines stand side by side.
    const shift = host === 'A' ? -1.5 : 1.5
    this.moves.append(
      s('line', {
        ...line,
        x1: line.x1 + shift,
        x2: line.x2 + shift,
        class: `move host-${host}${known ? '' : ' unusual'}`,
        'marker-end': `url(#head-edge-${host})`,
      }),
    )
  }

  private mark(lit: ReadonlyMap<string, readonly HostName[]>): void {
    refill(this.marks)
    for (const [state, box] of this.boxes) {
      const hosts = lit.get(state) ?? []
      box.setAttribute('class', ['state', ...hosts.map((host) => `lit-${host}`)].join(' '))
      const [x, y] = PLACES[state]
      for (const host of hosts) {
        const cx = x + (host === 'A' ? -1 : 1) * (BOX.width / 2)
        this.marks.append(
          s('circle', { class: `badge host-${host}`, cx, cy: y, r: 9 }),
          s('text', { class: 'badge-text', x: cx, y: y + 4, 'text-anchor': 'middle' }, host),
        )
      }
    }
  }
}

/** From the rim of one box to the rim of another. */
function between(from: string, to: string) {
  const [x1, y1] = PLACES[from]
  const [x2, y2] = PLACES[to]
  const [sx, sy] = rim(x1, y1, x2, y2)
  const [ex, ey] = rim(x2, y2, x1, y1)
  return { x1: sx, y1: sy, x2: ex, y2: ey }
}

function rim(x: number, y: number, towardsX: number, towardsY: number): readonly [number, number] {
  const dx = towardsX - x
  const dy = towardsY - y
  const part = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : BOX.width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : BOX.height / 2 / Math.abs(dy),
  )
  return [x + dx * part, y + dy * part]
}
