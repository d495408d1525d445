import { decodeFields } from '../../model/fields/decode.ts'
import type { Field } from '../../model/fields/field.ts'
import type { SegmentRecord } from '../../model/recording.ts'
import { h, refill, setText } from '../h.ts'

/** So many bytes are shown before the reader asks for the rest. */
const FIRST_BYTES = 160
const PER_ROW = 8

interface Row {
  readonly field: Field
  readonly element: HTMLElement
}

/** A frame's bytes beside its fields: pointing at one lights the other. */
export class BytesView {
  readonly element: HTMLElement
  private readonly hexTable: HTMLElement
  private readonly fieldList: HTMLElement
  private readonly onLight: (range: { start: number; end: number } | null) => void
  private frame: Uint8Array | null = null
  private layers: readonly Field[] = []
  private cells: HTMLElement[] = []
  private rows: Row[] = []
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

  show(segment: SegmentRecord): void {
    if (segment.frame === this.frame) return
    this.frame = segment.frame
    this.all = false
    this.layers = decodeFields(segment.frame, segment)
    this.fillFields()
    this.fillBytes()
  }

  light(range: { readonly start: number; readonly end: number } | null): void {
    for (const cell of this.litCells) cell.classList.remove('lit')
    this.litCells = range === null ? [] : this.cells.slice(range.start, range.end)
    for (const cell of this.litCells) cell.classList.add('lit')
    for (const { field, element } of this.rows) {
      const isLit = range !== null && field.offset < range.end && field.offset + field.length > range.start
      element.classList.toggle('lit', isLit)
    }
  }

  private pointAtByte(target: EventTarget | null): void {
    const at = target instanceof HTMLElement ? target.dataset.at : undefined
    if (at === undefined) return
    const row = this.narrowestAt(Number(at))
    if (row === null) return
    this.onLight(rangeOf(row.field))
    row.element.scrollIntoView({ block: 'nearest' })
  }

  /** The row of the fewest bytes that a byte is among. */
  private narrowestAt(byte: number): Row | null {
    let narrowest: Row | null = null
    for (const row of this.rows) {
      const { offset, length } = row.field
      if (byte < offset || byte >= offset + length) continue
      if (narrowest === null || length < narrowest.field.length) narrowest = row
    }
    return narrowest
  }

  private fillFields(): void {
    this.rows = []
    refill(this.fieldList, ...this.layers.map((layer, index) => this.layerElement(layer, index)))
  }

  private layerElement(layer: Field, index: number): HTMLElement {
    const children = layer.children ?? [layer]
    return h(
      'section',
      { class: `layer layer-${index}` },
      h('h4', {}, layer.name, h('small', {}, ` ${layer.length} bytes`)),
      ...children.flatMap((field) => this.fieldRows(field, 0)),
    )
  }

  private fieldRows(field: Field, depth: number): HTMLElement[] {
    const light = (): void => this.onLight(rangeOf(field))
    const element = h(
      'button',
      {
        type: 'button',
        class: `field depth-${Math.min(depth, 2)}`,
        on: { pointerenter: light, focus: light, click: light },
      },
      h('span', { class: 'field-name' }, field.name),
      h(
        'span',
        { class: 'field-value' },
        field.value,
        field.note !== undefined && h('span', { class: 'field-note' }, ` ${field.note}`),
      ),
    )
    this.rows.push({ field, element })
    // Of single bits those that are set say enough.
    const children = (field.children ?? []).filter(({ bits, value }) => bits === undefined || value !== '0')
    return [element, ...children.flatMap((child) => this.fieldRows(child, depth + 1))]
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
      const layer = this.layers.findIndex(({ offset, length }) => at >= offset && at < offset + length)
      const text = this.frame![at].toString(16).padStart(2, '0')
      cells.push(h('span', { class: `byte layer-${layer}`, 'data-at': at }, text))
    }
    this.cells.push(...cells)
    const offset = h('span', { class: 'offset' }, from.toString(16).padStart(4, '0'))
    return h('div', { class: 'hex-row' }, offset, ...cells)
  }
}

function rangeOf({ offset, length }: Field): { start: number; end: number } {
  return { start: offset, end: offset + length }
}
