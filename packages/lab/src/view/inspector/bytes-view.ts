import { h, refill, setText } from '../h.ts'
import { dissect, type Field, fieldAt, type Layer } from './dissect.ts'

/** So many bytes are shown before the reader asks for the rest. */
const FIRST_BYTES = 160
const PER_ROW = 8

/** A frame's bytes beside its fields: pointing at one lights the other. */
export class BytesView {
  readonly element: HTMLElement
  private readonly hexTable: HTMLElement
  private readonly fieldList: HTMLElement
  private readonly onLight: (range: { start: number; end: number } | null) => void
  private frame: Uint8Array | null = null
  private layers: readonly Layer[] = []
  private cells: HTMLElement[] = []
  private rows: { readonly field: Field; readonly element: HTMLElement }[] = []
  private all = false
  private litCells: readonly HTMLElement[] = []

  /** @param onLight told when the reader points at a field or a byte */
  constructor(onLight: (range: { start: number; end: number } | null) => void) {
    this.onLight = onLight
    this.hexTable = h('div', { class: 'hex', role: 'group', 'aria-label': 'Bytes of the frame' })
    this.fieldList = h('div', { class: 'fields', role: 'group', 'aria-label': 'Fields of the frame' })
    this.element = h('div', { class: 'bytes-and-fields' }, this.fieldList, this.hexTable)
    this.hexTable.addEventListener('pointerover', (event) => this.pointAtByte(event.target))
    this.hexTable.addEventListener('click', (event) => this.pointAtByte(event.target))
    this.element.addEventListener('pointerleave', () => this.onLight(null))
  }

  show(frame: Uint8Array): void {
    if (frame === this.frame) return
    this.frame = frame
    this.all = false
    this.layers = dissect(frame)
    this.fillFields()
    this.fillBytes()
  }

  light(range: { readonly start: number; readonly end: number } | null): void {
    for (const cell of this.litCells) cell.classList.remove('lit')
    this.litCells = range === null ? [] : this.cells.slice(range.start, range.end)
    for (const cell of this.litCells) cell.classList.add('lit')
    for (const { field, element } of this.rows) {
      const isLit = range !== null && field.start < range.end && field.end > range.start
      element.classList.toggle('lit', isLit)
    }
  }

  private pointAtByte(target: EventTarget | null): void {
    const at = target instanceof HTMLElement ? target.dataset.at : undefined
    if (at === undefined) return
    const field = fieldAt(this.layers, Number(at))
    this.onLight(field)
    if (field === null) return
    const row = this.rows.find((one) => one.field === field)
    row?.element.scrollIntoView({ block: 'nearest' })
  }

  private fillFields(): void {
    this.rows = []
    refill(this.fieldList, ...this.layers.map((layer, index) => this.layerElement(layer, index)))
  }

  private layerElement(layer: Layer, index: number): HTMLElement {
    const rows = layer.fields.map((field) => {
      const light = (): void => this.onLight({ start: field.start, end: field.end })
      const element = h(
        'button',
        { type: 'button', class: 'field', on: { pointerenter: light, focus: light, click: light } },
        h('span', { class: 'field-name' }, field.name),
        h('span', { class: 'field-value' }, field.value),
      )
      this.rows.push({ field, element })
      return element
    })
    return h(
      'section',
      { class: `layer layer-${index}` },
      h('h4', {}, layer.name, h('small', {}, ` ${layer.end - layer.start} bytes`)),
      ...rows,
    )
  }

  private fillBytes(): void {
    const frame = this.frame!
    const length = this.all ? frame.length : Math.min(frame.length, FIRST_BYTES)
    this.cells = []
    this.litCells = []
    const rows: HTMLElement[] = []
    for (let at = 0; at < length; at += PER_ROW) rows.push(this.byteRow(at, Math.min(length, at + PER_ROW)))
    const rest = frame.length - length
    const more = h('button', { type: 'button', class: 'quiet-button' })
    setText(more, `${rest} more bytes`)
    more.addEventListener('click', () => {
      this.all = true
      this.fillBytes()
    })
    refill(this.hexTable, ...rows, rest > 0 && more)
  }

  private byteRow(from: number, to: number): HTMLElement {
    const cells: HTMLElement[] = []
    for (let at = from; at < to; at++) {
      const layer = this.layers.findIndex((one) => at >= one.start && at < one.end)
      const text = this.frame![at].toString(16).padStart(2, '0')
      cells.push(h('span', { class: `byte layer-${layer}`, 'data-at': at }, text))
    }
    this.cells.push(...cells)
    return h(
      'div',
      { class: 'hex-row' },
      h('span', { class: 'offset' }, from.toString(16).padStart(4, '0')),
      ...cells,
    )
  }
}
