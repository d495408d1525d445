import type { Focus } from '../lessons/lesson.ts'
import type { StatesView } from '../view/connection/states-view.ts'
import type { TapesView } from '../view/connection/tapes-view.ts'
import type { VariablesView } from '../view/connection/variables-view.ts'
import type { LadderPanel } from '../view/ladder/ladder-panel.ts'
import type { PlotsView } from '../view/plots/plots-view.ts'
import type { Lab } from './lab.ts'
import type { PanelName } from './store.ts'

export interface Views {
  readonly ladder: LadderPanel
  readonly states: StatesView
  readonly variables: VariablesView
  readonly plots: PlotsView
  readonly buffers: TapesView
}

function panelOf({ view, variables, segments }: Focus): PanelName | null {
  if (view === 'bytes') return 'segment'
  if (view === 'states') return 'states'
  if (view === 'tapes') return 'buffers'
  if (variables !== undefined) return 'variables'
  return segments === undefined ? null : 'segment'
}

/** Turns the page towards what a lesson's step speaks of. */
export function lessonFocus(lab: Lab, { ladder, variables, plots }: Omit<Views, 'states' | 'buffers'>) {
  return (focus: Focus | null, marked: ReadonlySet<number>): void => {
    ladder.mark(marked, focus?.run === 'second' ? 1 : 0)
    variables.mark(focus?.variables ?? [])
    plots.show(focus?.plot === undefined ? null : (focus.host ?? null))
    if (focus === null) return
    if (focus.plot !== undefined) plots.choose(focus.plot)
    // A narrow page shows the lesson in the place of these: it stays.
    if (!matchMedia('(min-width: 1280px)').matches) return
    const panel = panelOf(focus)
    if (panel !== null) lab.store.set({ panel })
  }
}
