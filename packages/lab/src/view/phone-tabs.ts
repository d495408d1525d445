import type { Lab } from '../app/lab.ts'
import type { LabState, PanelName, View } from '../app/store.ts'
import { h } from './h.ts'

const PARTS = ['lesson', 'ladder', 'details', 'plots'] as const
type Part = (typeof PARTS)[number]
const TITLES: Readonly<Record<Part, string>> = {
  lesson: 'Lesson',
  ladder: 'Ladder',
  details: 'Details',
  plots: 'Plots',
}

/** On a phone one part of the page is seen at a time: this chooses which. */
export class PhoneTabs implements View {
  readonly element: HTMLElement
  private readonly buttons: readonly (readonly [Part, HTMLElement])[]
  /** The tab of the details that was seen last. */
  private detail: PanelName = 'segment'

  constructor(lab: Lab) {
    this.buttons = PARTS.map((part) => [
      part,
      h(
        'button',
        {
          type: 'button',
          'data-panel-tab': part,
          on: { click: () => lab.store.set({ panel: part === 'details' ? this.detail : part }) },
        },
        TITLES[part],
      ),
    ])
    this.element = h(
      'nav',
      { class: 'phone-tabs', 'aria-label': 'Parts of the page' },
      ...this.buttons.map(([, button]) => button),
    )
  }

  update({ panel }: LabState): void {
    const part = partOf(panel)
    if (part === 'details') this.detail = panel
    for (const [name, button] of this.buttons) button.setAttribute('aria-current', String(name === part))
  }
}

export function partOf(panel: PanelName): Part {
  return panel === 'lesson' || panel === 'ladder' || panel === 'plots' ? panel : 'details'
}
