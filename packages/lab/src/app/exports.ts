import type { MenuItem } from '../view/menu.ts'
import { readPalette } from '../view/palette.ts'
import { fileName, saveFile, standaloneSvg, svgToPng } from '../view/save-file.ts'
import type { Lab } from './lab.ts'
import type { Views } from './lesson-focus.ts'

/** What can be taken away. Everything is made in the page. */
export function exportItems(lab: Lab, { ladder, states, plots }: Views): MenuItem[] {
  const title = lab.scenario?.title ?? 'live'
  const svgBlob = (svg: string): Blob => new Blob([svg], { type: 'image/svg+xml' })
  const diagram = (): string => standaloneSvg(states.svg, readPalette().background)
  return [
    {
      id: 'ladder-svg',
      text: 'Ladder, SVG',
      act: () => saveFile(fileName(`${title} ladder`, 'svg'), svgBlob(ladder.first.toSvg())),
    },
    {
      id: 'ladder-png',
      text: 'Ladder, PNG',
      act: () =>
        void svgToPng(ladder.first.toSvg()).then((blob) =>
          saveFile(fileName(`${title} ladder`, 'png'), blob),
        ),
    },
    {
      id: 'states-svg',
      text: 'State diagram, SVG',
      act: () => saveFile(fileName(`${title} states`, 'svg'), svgBlob(diagram())),
    },
    {
      id: 'states-png',
      text: 'State diagram, PNG',
      act: () => void svgToPng(diagram()).then((blob) => saveFile(fileName(`${title} states`, 'png'), blob)),
    },
    {
      id: 'plot-png',
      text: 'Plot, PNG',
      act: () =>
        plots.toPng((blob) => {
          if (blob !== null) saveFile(fileName(`${title} ${plots.current}`, 'png'), blob)
        }),
    },
  ]
}
