import type { Lab } from '../app/lab.ts'
import type { LabState, PanelName, View } from '../app/store.ts'
import { h } from './h.ts'

export interface Tab {
  readonly name: PanelName
  readonly title: string
  /** Null for a part of the page that stands elsewhere, and here only where there is no room. */
  readonly view: View | null
}

const WIDE = matchMedia('(min-width: 1280px)')

/** Views of which one is seen at a time. */
export class TabsPanel implements View {
  readonly element: HTMLElement
  private readonly tabs: readonly Tab[]
  private readonly buttons: readonly HTMLButtonElement[]
  private readonly aside: View
  private current: PanelName

  /** @param aside stands beside the tabs */
  constructor(lab: Lab, aside: View, tabs: readonly Tab[]) {
    WIDE.addEventListener('change', () => {
      if (WIDE.matches && lab.state.panel === 'lesson') lab.store.set({ panel: 'segment' })
    })
    this.aside = aside
    this.tabs = tabs
    this.current = 'segment'
    this.buttons = tabs.map(({ name, title }) =>
      h(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `tab-${name}`,
          class: `${name}-tab`,
          'aria-controls': `panel-${name}`,
          on: { click: () => lab.store.set({ panel: name }), keydown: (event) => this.moveFocus(event) },
        },
        title,
      ),
    )
    for (const { name, view } of tabs) {
      if (view === null) continue
      view.element.id = `panel-${name}`
      view.element.setAttribute('role', 'tabpanel')
      view.element.setAttribute('aria-labelledby', `tab-${name}`)
      view.element.removeAttribute('aria-label')
      view.element.tabIndex = 0
    }
    this.element = h(
      'div',
      { class: 'panel panel-tabs' },
      h(
        'div',
        { class: 'panel-head' },
        h('div', { class: 'tab-list', role: 'tablist', 'aria-label': 'Details' }, ...this.buttons),
        h('span', { class: 'spring' }),
        aside.element,
      ),
      ...tabs.map(({ view }) => view?.element),
    )
  }

  update(state: LabState, before: LabState | null): void {
    this.aside.update(state, before)
    const tab = this.tabs.find(({ name }) => name === state.panel)
    // Where there is room the lesson stands beside the tabs, and is none of them.
    if (tab !== undefined && (tab.view !== null || !WIDE.matches)) this.current = tab.name
    document.getElementById('lab')!.dataset.tab = this.current
    for (const [index, { name, view }] of this.tabs.entries()) {
      const isCurrent = name === this.current
      this.buttons[index].setAttribute('aria-selected', String(isCurrent))
      this.buttons[index].tabIndex = isCurrent ? 0 : -1
      if (view === null) continue
      view.element.hidden = !isCurrent
      // What cannot be seen is not drawn; it is drawn anew when it can.
      if (isCurrent) view.update(state, view === this.lastShown ? before : null)
      if (isCurrent) this.lastShown = view
    }
  }

  private lastShown: View | null = null

  private moveFocus(event: KeyboardEvent): void {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.preventDefault()
    const from = this.buttons.indexOf(event.currentTarget as HTMLButtonElement)
    const next = this.buttons[(from + by + this.buttons.length) % this.buttons.length]
    next.focus()
    next.click()
  }
}
