import type { Lab } from '../../app/lab.ts'
import type { LabState, View } from '../../app/store.ts'
import type { Recording, SegmentRecord } from '../../model/recording.ts'
import { h, setText } from '../h.ts'
import { CanvasPainter, SvgPainter } from '../painter.ts'
import { type Palette, readPalette } from '../palette.ts'
import { drawLadder } from './draw.ts'
import { HEAD, type LadderScene, lifelines, segmentAt } from './scene.ts'
import { type LadderLayout, layOut } from './time-axis.ts'

const GAP = 17
/** Pixels that the way from one host to the other takes downwards, at zoom 1. */
const SLOPE = 90
const FOOT = 90
const REACH = 7
/** Below this zoom arrows lie too near to each other for a label each. */
const DENSE = 0.55
const NONE: ReadonlySet<number> = new Set()

/** Segments from which on it can be told how steep the arrows are. */
const FEW = 12
/** Arrows are not to fall by much more than they go to the side. */
const STEEPEST = 1.1

/** The zoom at which half of the arrows are no steeper than they should be; not above 1. */
function fittingZoom(layout: LadderLayout, zoom: number, width: number): number {
  const { left, right } = lifelines(width)
  const falls = Array.from(layout.endY, (end, at) => end - layout.startY[at]).sort((a, b) => a - b)
  const typical = falls[falls.length >> 1]
  const wanted = ((right - left) * STEEPEST) / Math.max(typical, 1)
  return Math.min(1, Math.max(0.1, zoom * wanted))
}

/** The ladder diagram of one run. Only what can be seen is drawn, whenever it scrolls or something changes. */
export class LadderView implements View {
  readonly element: HTMLElement
  private readonly lab: Lab
  private readonly which: 0 | 1
  private readonly scroller: HTMLElement
  private readonly spacer: HTMLElement
  private readonly canvas: HTMLCanvasElement
  private readonly title: HTMLElement
  private layout: LadderLayout | null = null
  private laidOut = ''
  private recording: Recording | null = null
  private palette: Palette | null = null
  private zoom = 1
  /** Until the reader zooms, the drawing is made as dense as the run needs. */
  private zoomIsOwn = false
  private fittedAt = 0
  private even = false
  private frame = 0
  /** Scrolls along with the cursor, until the reader scrolls away. */
  private follows = true
  private ownScroll = -1
  private marked: ReadonlySet<number> = NONE
  private readonly flights = { 'A→B': 0, 'B→A': 0 }

  constructor(lab: Lab, which: 0 | 1) {
    this.lab = lab
    this.which = which
    this.canvas = h('canvas', { class: 'ladder-canvas', 'aria-hidden': true })
    this.spacer = h('div', { class: 'ladder-spacer' })
    this.scroller = h(
      'div',
      {
        class: 'ladder-scroller',
        tabindex: 0,
        role: 'region',
        'aria-label':
          which === 0
            ? 'Ladder diagram: arrow keys up and down select a segment'
            : 'Ladder diagram of the second run',
        'data-ladder': which,
      },
      h('div', { class: 'ladder-window' }, this.canvas),
      this.spacer,
    )
    this.title = h('p', { class: 'ladder-title' })
    this.element = h('div', { class: 'ladder' }, this.title, this.scroller)
    this.listen()
  }

  private listen(): void {
    const { scroller, lab } = this
    scroller.addEventListener('scroll', () => {
      if (Math.abs(scroller.scrollTop - this.ownScroll) > 2) this.follows = false
      this.schedule()
    })
    scroller.addEventListener('click', (event) => {
      const scene = this.scene(lab.state)
      if (scene === null) return
      const box = this.canvas.getBoundingClientRect()
      const y = event.clientY - box.top
      const hit = segmentAt(scene, event.clientX - box.left, y, REACH)
      if (hit !== null) lab.select(hit, this.which)
      else if (this.layout !== null && event.detail === 2) lab.seek(this.layout.timeOf(y + scene.top - HEAD))
    })
    scroller.addEventListener('pointermove', (event) => {
      const scene = this.scene(lab.state)
      if (scene === null || event.pointerType === 'touch') return
      const box = this.canvas.getBoundingClientRect()
      const hit = segmentAt(scene, event.clientX - box.left, event.clientY - box.top, REACH)
      scroller.classList.toggle('over-segment', hit !== null)
    })
    scroller.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey) return
        event.preventDefault()
        this.zoomBy(
          event.deltaY < 0 ? 1.15 : 1 / 1.15,
          event.clientY - this.canvas.getBoundingClientRect().top,
        )
      },
      { passive: false },
    )
    this.listenForPinch()
    new ResizeObserver(() => this.schedule()).observe(scroller)
  }

  /** Two fingers zoom. */
  private listenForPinch(): void {
    const { scroller } = this
    let before = 0
    const apart = ({ touches: [one, other] }: TouchEvent): number =>
      Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY)
    scroller.addEventListener('touchstart', (event) => {
      before = event.touches.length === 2 ? apart(event) : 0
    })
    scroller.addEventListener(
      'touchmove',
      (event) => {
        if (before === 0 || event.touches.length !== 2) return
        event.preventDefault()
        const now = apart(event)
        const middle = (event.touches[0].clientY + event.touches[1].clientY) / 2
        this.zoomBy(now / before, middle - this.canvas.getBoundingClientRect().top)
        before = now
      },
      { passive: false },
    )
  }

  /** @param at the place in the window that stays where it is */
  zoomBy(factor: number, at = this.scroller.clientHeight / 2): void {
    const zoom = Math.min(8, Math.max(0.08, this.zoom * factor))
    if (zoom === this.zoom || this.layout === null) return
    const time = this.layout.timeOf(this.scroller.scrollTop + at - HEAD)
    this.zoom = zoom
    this.zoomIsOwn = true
    this.prepare(this.lab.state)
    this.scrollTo(this.layout.yOf(time) + HEAD - at)
    this.schedule()
  }

  resetZoom(): void {
    this.zoomBy(1 / this.zoom)
  }

  setEven(even: boolean): void {
    this.even = even
    this.prepare(this.lab.state)
    this.revealCursor(this.lab.state)
    this.schedule()
  }

  /** The theme has changed. */
  recolour(): void {
    this.palette = null
    this.schedule()
  }

  mark(segments: ReadonlySet<number>): void {
    this.marked = segments
    this.schedule()
  }

  update(state: LabState, before: LabState | null): void {
    const recording = this.recordingOf(state)
    if (recording === null) return
    if (recording !== this.recording) {
      this.recording = recording
      this.layout = null
      this.follows = true
      if (!this.zoomIsOwn) this.zoom = 1
      this.fittedAt = 0
    }
    setText(this.title, (this.which === 0 ? state.compared?.first : state.compared?.second) ?? '')
    this.title.hidden = state.compared === null
    this.prepare(state)
    if (state.playing && before?.playing !== true) this.follows = true
    const moved = before === null || before.cursor.time !== state.cursor.time
    if (moved && (this.follows || !state.playing)) this.revealCursor(state)
    if (before !== null && state.cursor.segment !== before.cursor.segment) this.revealSelected(state)
    this.schedule()
  }

  private recordingOf(state: LabState): Recording | null {
    return this.which === 0 ? state.run.recording : (state.compared?.run.recording ?? null)
  }

  private readonly flightOf = (segment: SegmentRecord): number => {
    if (segment.arrivedAt !== null) return segment.arrivedAt - segment.sentAt
    return this.flights[segment.way]
  }

  /** Lays out anew where something has changed. */
  private prepare(state: LabState): void {
    const { recording } = this
    if (recording === null) return
    const key = `${state.revision} ${state.horizon} ${state.limit} ${this.zoom} ${this.even} ${recording.segments.length}`
    if (this.layout !== null && key === this.laidOut) return
    this.laidOut = key
    const latency = this.latency(recording)
    for (const way of ['A→B', 'B→A'] as const) {
      this.flights[way] = this.flights[way] || recording.scenario?.link[way].latency || latency
    }
    this.layout = this.layOutAt(recording, state, latency)
    if (!this.zoomIsOwn && this.layout.count >= Math.max(FEW, this.fittedAt * 2)) {
      this.fittedAt = this.layout.count
      this.zoom = fittingZoom(this.layout, this.zoom, this.scroller.clientWidth)
      this.layout = this.layOutAt(recording, state, latency)
    }
    const height = Math.ceil(Math.max(this.layout.height, this.layout.yOf(state.horizon)) + HEAD + FOOT)
    this.spacer.style.height = `${height}px`
  }

  private layOutAt(recording: Recording, state: LabState, latency: number): LadderLayout {
    return layOut(recording.segments, {
      scale: (SLOPE / Math.max(latency, 0.2)) * this.zoom,
      gap: Math.min(GAP, Math.max(1.5, GAP * this.zoom)),
      even: this.even,
      horizon: state.horizon,
      limit: state.limit,
      flightOf: this.flightOf,
    })
  }

  private latency(recording: Recording): number {
    const { scenario } = recording
    if (scenario !== null) return Math.max(scenario.link['A→B'].latency, scenario.link['B→A'].latency)
    // A live link: the median of what the first segments needed.
    const flights = recording.segments
      .slice(0, 50)
      .flatMap(({ sentAt, arrivedAt }) => (arrivedAt === null ? [] : [arrivedAt - sentAt]))
      .sort((a, b) => a - b)
    return flights[flights.length >> 1] || 1
  }

  private scene(state: LabState): LadderScene | null {
    const { recording, layout } = this
    if (recording === null || layout === null) return null
    const { cursor } = state
    return {
      recording,
      layout,
      width: this.scroller.clientWidth,
      height: this.scroller.clientHeight,
      top: this.scroller.scrollTop,
      cursorTime: cursor.time,
      horizon: state.horizon,
      selected: cursor.run === this.which ? cursor.segment : null,
      marked: this.marked,
      labelSize: 11,
      dense: this.zoom < DENSE,
      router: recording.scenario?.router ?? false,
      flightOf: this.flightOf,
    }
  }

  private schedule(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw())
  }

  private draw(): void {
    this.frame = 0
    const scene = this.scene(this.lab.state)
    if (scene === null || scene.width === 0 || scene.height === 0) return
    this.palette ??= readPalette()
    const ratio = Math.min(2, window.devicePixelRatio || 1)
    const { canvas } = this
    const [width, height] = [Math.round(scene.width * ratio), Math.round(scene.height * ratio)]
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width
      canvas.height = height
      canvas.style.width = `${scene.width}px`
      canvas.style.height = `${scene.height}px`
    }
    const context = canvas.getContext('2d', { alpha: false })!
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.fillStyle = this.palette.background
    context.fillRect(0, 0, scene.width, scene.height)
    drawLadder(new CanvasPainter(context), scene, this.palette)
  }

  private scrollTo(top: number): void {
    this.scroller.scrollTop = Math.max(0, top)
    this.ownScroll = this.scroller.scrollTop
  }

  private revealCursor(state: LabState): void {
    if (this.layout === null) return
    const y = this.layout.yOf(state.cursor.time) + HEAD
    this.reveal(y, state.playing ? 0.7 : 0.5)
  }

  private revealSelected(state: LabState): void {
    const { segment, run } = state.cursor
    if (this.layout === null || segment === null || run !== this.which || segment >= this.layout.count) return
    this.reveal((this.layout.startY[segment] + this.layout.endY[segment]) / 2 + HEAD, 0.45)
  }

  /** Scrolls so far that a place can be seen. @param part of the window's height at which it comes to stand */
  private reveal(y: number, part: number): void {
    const { scrollTop, clientHeight } = this.scroller
    if (clientHeight === 0) return
    const tooLow = y > scrollTop + clientHeight * Math.max(part, 0.8) - 4
    const tooHigh = y < scrollTop + HEAD + 30
    if (part === 0.7 ? y > scrollTop + clientHeight * part || tooHigh : tooLow || tooHigh) {
      this.scrollTo(y - clientHeight * part)
    }
  }

  /** The whole diagram as a file, or as much of it as a picture can hold. */
  toSvg(): string {
    const scene = this.scene(this.lab.state)
    this.palette ??= readPalette()
    if (scene === null || this.layout === null) return ''
    const height = Math.min(20_000, this.layout.height + HEAD + 40)
    const painter = new SvgPainter(scene.width, height, this.palette.background)
    drawLadder(painter, { ...scene, top: 0, height, marked: NONE }, this.palette)
    return painter.toString()
  }
}
