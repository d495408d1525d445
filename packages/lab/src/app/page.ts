import { BreakView } from '../view/break/break-view.ts'
import { CompareBar, CompareDialog } from '../view/compare/compare-view.ts'
import { FlowChooser } from '../view/connection/flow-chooser.ts'
import { StatesView } from '../view/connection/states-view.ts'
import { TapesView } from '../view/connection/tapes-view.ts'
import { VariablesView } from '../view/connection/variables-view.ts'
import { h, setText } from '../view/h.ts'
import { HelpDialog } from '../view/help-dialog.ts'
import { InspectorView } from '../view/inspector/inspector-view.ts'
import { LadderPanel } from '../view/ladder/ladder-panel.ts'
import { LessonView } from '../view/lessons/lesson-view.ts'
import { LiveText } from '../view/live-text.ts'
import { type MenuItem, menu } from '../view/menu.ts'
import { PhoneTabs, partOf } from '../view/phone-tabs.ts'
import { PlotsView } from '../view/plots/plots-view.ts'
import { TabsPanel } from '../view/tabs-panel.ts'
import { TransportView } from '../view/transport-view.ts'
import { exportItems } from './exports.ts'
import { listenForKeys } from './keyboard.ts'
import type { Lab, MakeSimulation } from './lab.ts'
import { lessonFocus } from './lesson-focus.ts'
import { AddressBar } from './share.ts'
import { makeShortcuts } from './shortcuts.ts'
import type { LabState } from './store.ts'
import { startTheme } from './theme.ts'

/** The parts of the page that others reach into. */
export interface Page {
  readonly lessons: LessonView
  readonly address: AddressBar
}

/** Puts the page together. */
export function buildPage(root: HTMLElement, lab: Lab, make: MakeSimulation): Page {
  const ladder = new LadderPanel(lab, new CompareBar())
  const states = new StatesView()
  const variables = new VariablesView()
  const buffers = new TapesView()
  const plots = new PlotsView(lab)
  const address = new AddressBar(lab)
  const lessons = new LessonView(lab, make, {
    focus: lessonFocus(lab, { ladder, variables, plots }),
    onLesson: (lesson) => address.setLesson(lesson?.id ?? null),
  })
  const tabs = new TabsPanel(lab, new FlowChooser(lab), [
    { name: 'lesson', title: 'Lesson', view: null },
    { name: 'segment', title: 'Segment', view: new InspectorView(lab) },
    { name: 'states', title: 'States', view: states },
    { name: 'variables', title: 'Variables', view: variables },
    { name: 'buffers', title: 'Buffers', view: buffers },
    { name: 'break', title: 'Break it', view: new BreakView(lab) },
  ])
  const transport = new TransportView(lab)
  const phoneTabs = new PhoneTabs(lab)
  const live = new LiveText()
  const compare = new CompareDialog(lab)
  const title = h('h1', { class: 'run-title' })
  const theme = startTheme(() => {
    ladder.recolour()
    plots.recolour()
  })
  const shortcuts = makeShortcuts(lab, ladder, {
    help: () => help.open(),
    compare: () => compare.open(),
    share: () => void address.share(),
    theme: () => theme.toggle(),
  })
  const help = new HelpDialog(shortcuts)
  const button = (text: string, act: () => void, name = text): HTMLElement =>
    h(
      'button',
      { type: 'button', 'aria-label': text.length > 1 ? null : name, title: name, on: { click: act } },
      text,
    )
  const exports = (): MenuItem[] => exportItems(lab, { ladder, states, buffers, plots })
  root.append(
    h(
      'header',
      { class: 'top' },
      h('div', { class: 'brand' }, 'tapwire ', h('span', {}, 'lab')),
      title,
      h(
        'div',
        { class: 'top-buttons wide-only' },
        button('Compare', () => compare.open(), 'Compare with another setting'),
        button('Share', () => void address.share(), 'Copy the address of this run'),
        menu('Export', exports),
        button('◐', () => theme.toggle(), 'Light or dark'),
        button('?', () => help.open(), 'Keys'),
      ),
      h(
        'div',
        { class: 'narrow-only' },
        menu('Menu', () => [
          { id: 'compare', text: 'Compare with another setting', act: () => compare.open() },
          { id: 'share', text: 'Copy the address of this run', act: () => void address.share() },
          ...exports(),
          { id: 'theme', text: 'Light or dark', act: () => theme.toggle() },
          { id: 'help', text: 'Keys', act: () => help.open() },
        ]),
      ),
    ),
    h('main', { class: 'stage' }, lessons.element, ladder.element, tabs.element, plots.element),
    h('footer', {}, transport.element, phoneTabs.element),
    live.element,
    help.element,
    compare.element,
  )
  lab.store.add({
    element: root,
    update(state: LabState) {
      setText(title, state.run.recording.scenario?.title ?? 'A live stack')
      root.dataset.part = partOf(state.panel)
      root.toggleAttribute('data-compared', state.compared !== null)
      root.toggleAttribute('data-live', state.run.recording.scenario === null)
    },
  })
  for (const view of [tabs, lessons, ladder, plots, transport, phoneTabs, live]) lab.store.add(view)
  listenForKeys(shortcuts)
  return { lessons, address }
}
