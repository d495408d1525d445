import type { PlotName } from '../lessons/lesson.ts'
import { toPcapng } from '../model/export/pcapng.ts'
import { toScript } from '../model/export/script.ts'
import { seriesCsv } from '../model/export/series-csv.ts'
import type { Recording } from '../model/recording.ts'
import type { HostName } from '../model/scenario.ts'
import type { MenuItem } from '../view/menu.ts'
import { readPalette } from '../view/palette.ts'
import { senderOf } from '../view/plots/plot-data.ts'
import { fileName, saveFile, standaloneSvg, svgToPng } from '../view/save-file.ts'
import { toast } from '../view/toast.ts'
import type { Lab } from './lab.ts'
import type { Views } from './lesson-focus.ts'
import { shownPart } from './shown-part.ts'

type Shown = Omit<Views, 'variables'>

/** What can be taken away: of the run as far as it is shown. Everything is made in the page. */
export function exportItems(lab: Lab, views: Shown): MenuItem[] {
  return [...dataItems(lab, views), ...pictureItems(lab, views)]
}

function dataItems(lab: Lab, { plots }: Shown): MenuItem[] {
  const { run, horizon, flow } = lab.state
  const title = titleOf(lab)
  const recording = (): Recording => shownPart(run.recording, horizon)
  const text = (what: string, ending: string, type: string, make: () => string) => (): void => {
    const content = said(make)
    if (content !== null) saveFile(fileName(`${title} ${what}`, ending), new Blob([content], { type }))
  }
  const script = (host: HostName): MenuItem => ({
    id: `script-${host}`,
    text: `Test script of ${host}, .pkt`,
    act: text(host, 'pkt', 'text/plain', () => toScript(recording(), { host, flow })),
  })
  const table = (name: PlotName | 'segments', about: string): MenuItem => ({
    id: `csv-${name}`,
    text: about,
    act: text(name, 'csv', 'text/csv', () =>
      seriesCsv(recording(), name, plots.host ?? senderOf(run.recording, flow), flow),
    ),
  })
  return [
    {
      id: 'pcapng',
      text: 'Capture for Wireshark, pcapng',
      act: () => {
        const bytes = toPcapng(recording()) as Uint8Array<ArrayBuffer>
        saveFile(fileName(title, 'pcapng'), new Blob([bytes], { type: 'application/octet-stream' }))
      },
    },
    ...(lab.scenario === null ? [] : [script('A'), script('B')]),
    table('segments', 'Table of the segments, CSV'),
    table(plots.current, 'Table of the plot, CSV'),
  ]
}

function pictureItems(lab: Lab, { ladder, states, buffers, plots }: Shown): MenuItem[] {
  const title = titleOf(lab)
  const svg = (what: string, make: () => string) => (): void =>
    saveFile(fileName(`${title} ${what}`, 'svg'), new Blob([make()], { type: 'image/svg+xml' }))
  const png = (what: string, make: () => string) => (): void =>
    void svgToPng(make()).then((blob) => saveFile(fileName(`${title} ${what}`, 'png'), blob))
  const drawLadder = (): string => ladder.first.toSvg()
  const drawBuffers = (): string => buffers.toSvg(lab.state, readPalette().background)
  const drawPlot = (): string => plots.toSvg()
  const drawStates = (): string => {
    // It may not have been looked at yet.
    states.update(lab.state)
    return standaloneSvg(states.svg, readPalette().background)
  }
  return [
    { id: 'ladder-svg', text: 'Ladder, SVG', act: svg('ladder', drawLadder) },
    { id: 'ladder-png', text: 'Ladder, PNG', act: png('ladder', drawLadder) },
    { id: 'states-svg', text: 'State diagram, SVG', act: svg('states', drawStates) },
    { id: 'states-png', text: 'State diagram, PNG', act: png('states', drawStates) },
    { id: 'buffers-svg', text: 'Buffers, SVG', act: svg('buffers', drawBuffers) },
    { id: 'buffers-png', text: 'Buffers, PNG', act: png('buffers', drawBuffers) },
    { id: 'plot-svg', text: 'Plot, SVG', act: svg(plots.current, drawPlot) },
    { id: 'plot-png', text: 'Plot, PNG', act: png(plots.current, drawPlot) },
  ]
}

const titleOf = (lab: Lab): string => lab.scenario?.title || 'live'

/** What cannot be made is said in words. */
function said(make: () => string): string | null {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    toast(error.message)
    return null
  }
}
