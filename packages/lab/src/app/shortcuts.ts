import type { LadderPanel } from '../view/ladder/ladder-panel.ts'
import type { Shortcut } from './keyboard.ts'
import type { Lab } from './lab.ts'
import { PANELS, SPEEDS } from './store.ts'

export interface Commands {
  help(): void
  compare(): void
  share(): void
  theme(): void
}

/** All keys of the page. */
export function makeShortcuts(lab: Lab, ladder: LadderPanel, commands: Commands): Shortcut[] {
  const speed = (by: number): void => {
    const at = SPEEDS.indexOf(lab.state.speed) + by
    if (at >= 0 && at < SPEEDS.length) lab.setSpeed(SPEEDS[at])
  }
  const key = (
    keys: readonly string[],
    shown: string,
    what: string,
    act: (key: string) => void,
  ): Shortcut => ({
    keys,
    shown,
    what,
    act,
  })
  return [
    key([' '], 'space', 'Play or pause', () => lab.togglePlay()),
    key(['ArrowRight', '.'], '→', 'One event on', () => lab.step()),
    key(['ArrowLeft', ','], '←', 'One event back', () => lab.stepBack()),
    key(['Home'], 'Home', 'Back to the start', () => lab.seek(0)),
    key(['End'], 'End', 'Run to the end', () => lab.toEnd()),
    key([']'], ']', 'Faster', () => speed(1)),
    key(['['], '[', 'Slower', () => speed(-1)),
    key(['ArrowDown', 'j'], '↓', 'Select the next segment', () => lab.selectNext(1)),
    key(['ArrowUp', 'k'], '↑', 'Select the segment before', () => lab.selectNext(-1)),
    key(['Escape'], 'Esc', 'Select nothing', () => lab.select(null)),
    key(['d'], 'd', 'Drop the next segment from A to B', () => lab.act({ do: 'dropNext', way: 'A→B' })),
    key(['D'], 'D', 'Drop the next segment from B to A', () => lab.act({ do: 'dropNext', way: 'B→A' })),
    key(['x'], 'x', 'Drop the selected segment', () => {
      const { segment, run } = lab.state.cursor
      if (segment !== null && run === 0) lab.actOn(segment, { do: 'drop' })
    }),
    key(['+', '='], '+', 'Zoom in', () => ladder.zoomBy(1.4)),
    key(['-'], '-', 'Zoom out', () => ladder.zoomBy(1 / 1.4)),
    key(
      ['1', '2', '3', '4', '5', '6'],
      '1 … 6',
      'Lesson, ladder, segment, connection, plots, break it',
      (pressed) => lab.store.set({ panel: PANELS[Number(pressed) - 1] }),
    ),
    key(['c'], 'c', 'Compare with another setting', commands.compare),
    key(['s'], 's', 'Copy the address of this run', commands.share),
    key(['t'], 't', 'Light or dark', commands.theme),
    key(['?'], '?', 'This list', commands.help),
  ]
}
