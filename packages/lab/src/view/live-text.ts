import { type LabState, runOf, selectedSegment, type View } from '../app/store.ts'
import { h, setText } from './h.ts'
import { fateText } from './inspector/inspector-view.ts'
import { labelText } from './ladder/labels.ts'

/** Says what is selected, for those who hear the page. */
export class LiveText implements View {
  readonly element: HTMLElement

  constructor() {
    this.element = h('p', {
      class: 'visually-hidden',
      role: 'status',
      'aria-live': 'polite',
      'data-live': true,
    })
  }

  update(state: LabState, before: LabState | null): void {
    const { cursor, horizon } = state
    if (before?.cursor.segment === cursor.segment && before?.cursor.run === cursor.run) return
    const segment = selectedSegment(state)
    if (segment === null) {
      setText(this.element, '')
      return
    }
    const { length } = runOf(state).recording.segments
    setText(
      this.element,
      `Segment ${segment.number} of ${length - 1}: ${labelText(segment, { horizon })}. ${fateText(segment, horizon)}`,
    )
  }
}
