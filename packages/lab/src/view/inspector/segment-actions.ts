import type { Lab } from '../../app/lab.ts'
import type { LabState } from '../../app/store.ts'
import type { Recording, SegmentRecord } from '../../model/recording.ts'
import { h } from '../h.ts'

/** What can be done to the selected segment. */
export class ActionBar {
  readonly element: HTMLElement
  private readonly lab: Lab
  private segment: SegmentRecord | null = null

  constructor(lab: Lab) {
    this.lab = lab
    this.element = h(
      'div',
      { class: 'button-row' },
      button('Drop this segment', 'It is lost on its way; what follows runs anew', () => this.drop()),
      button('Flip a bit', 'Of the byte that is lit, or else of the last one of the frame', () =>
        this.flip(),
      ),
      button('Go to its start', 'Moves the cursor to when it was sent', () => this.goTo(false)),
      button('Go to its end', 'Moves the cursor to when it arrived or was lost', () => this.goTo(true)),
    )
  }

  show(recording: Recording, segment: SegmentRecord, state: LabState): void {
    this.segment = segment
    const own = segment.from === 'A' || segment.from === 'B'
    const can = recording.scenario !== null && state.cursor.run === 0 && own
    const [drop, flip] = this.element.querySelectorAll('button')
    drop.disabled = !can
    flip.disabled = !can
  }

  private drop(): void {
    if (this.segment !== null) this.lab.actOn(this.segment.number, { do: 'drop' })
  }

  private flip(): void {
    if (this.segment === null) return
    const { lit } = this.lab.state
    const byte = lit === null ? this.segment.frame.length - 1 : lit.start
    this.lab.actOn(this.segment.number, { do: 'flip', bit: byte * 8 + 7 })
  }

  private goTo(end: boolean): void {
    const { segment } = this
    if (segment === null) return
    const time = end ? (segment.arrivedAt ?? segment.lost?.at ?? segment.sentAt) : segment.sentAt
    this.lab.seek(time)
  }
}

function button(text: string, title: string, act: () => void): HTMLButtonElement {
  return h('button', { type: 'button', title, on: { click: act } }, text)
}
