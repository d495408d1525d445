import type { Lab } from '../../app/lab.ts'
import { shownPart } from '../../app/shown-part.ts'
import type { LabState, View } from '../../app/store.ts'
import { h, refill } from '../h.ts'
import { type Comparison, comparisonsOf } from './comparisons.ts'
import { SUMMARY_HEADS, summaryTexts } from './summary.ts'

/** Above two ladders: what differs, and what came of it. */
export class CompareBar implements View {
  readonly element: HTMLElement
  private readonly body: HTMLElement
  private shown = ''

  constructor() {
    this.body = h('tbody')
    this.element = h(
      'div',
      { class: 'compare-bar' },
      h(
        'table',
        {},
        h('caption', { class: 'visually-hidden' }, 'The two runs compared, as far as they are shown'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Run'),
            ...SUMMARY_HEADS.map((head) => h('th', { scope: 'col' }, head)),
          ),
        ),
        this.body,
      ),
    )
  }

  update({ compared, run, horizon, revision }: LabState): void {
    this.element.hidden = compared === null
    if (compared === null) return
    const key = `${horizon} ${revision} ${compared.second}`
    if (key === this.shown) return
    this.shown = key
    const row = (name: string, recording: typeof run.recording): HTMLElement =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, name),
        ...summaryTexts(shownPart(recording, horizon)).map((text) => h('td', {}, text)),
      )
    refill(this.body, row(compared.first, run.recording), row(compared.second, compared.run.recording))
  }
}

/** Asks which setting is to be another in the second run. */
export class CompareDialog {
  readonly element: HTMLDialogElement
  private readonly lab: Lab
  private readonly list: HTMLElement

  constructor(lab: Lab) {
    this.lab = lab
    this.list = h('div', { class: 'comparison-list' })
    this.element = h(
      'dialog',
      { 'aria-labelledby': 'compare-title' },
      h('h2', { id: 'compare-title' }, 'Compare with'),
      h(
        'p',
        { class: 'hint' },
        'The same seed, the same actions, and one setting changed for both hosts or ways.',
      ),
      this.list,
      h('form', { method: 'dialog' }, h('button', {}, 'Cancel')),
    )
  }

  open(): void {
    const { scenario } = this.lab
    if (scenario === null) this.lab.onRefused('A live stack runs once: there is nothing to compare it with')
    if (scenario === null || this.element.open) return
    refill(this.list, ...comparisonsOf(scenario).map((comparison) => this.button(comparison)))
    this.element.showModal()
  }

  private button({ id, title, first, second, scenario }: Comparison): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        'data-compare': id,
        on: {
          click: () => {
            this.element.close()
            this.lab.compare(scenario, first, second)
          },
        },
      },
      h('b', {}, title),
      h('span', {}, `${without(first, title)} against ${without(second, title)}`),
    )
  }
}

/** `SACK: on` is `on` below the title `SACK`. */
function without(text: string, title: string): string {
  return text.startsWith(title) ? text.slice(title.length).replace(/^:? /, '') : text
}
