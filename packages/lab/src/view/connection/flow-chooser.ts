import type { Lab } from '../../app/lab.ts'
import { type LabState, runOf, type View } from '../../app/store.ts'
import { h, refill } from '../h.ts'

/** Which connection the states, variables, buffers and plots are of, where there is more than one. */
export class FlowChooser implements View {
  readonly element: HTMLElement
  private readonly flows: HTMLSelectElement
  private shown = 0

  constructor(lab: Lab) {
    this.flows = h('select', {
      'aria-label': 'Connection',
      title: 'Connection',
      on: { change: () => lab.store.set({ flow: this.flows.selectedIndex }) },
    })
    this.element = h('div', { class: 'flow-chooser' }, this.flows)
  }

  update(state: LabState): void {
    const { ends } = runOf(state).recording
    const count = ends.reduce((most, { flow }) => Math.max(most, flow + 1), 1)
    this.element.hidden = count < 2
    if (count !== this.shown) {
      this.shown = count
      refill(
        this.flows,
        ...Array.from({ length: count }, (_, flow) => h('option', {}, `${flow + 1} of ${count}`)),
      )
    }
    this.flows.selectedIndex = state.flow
  }
}
