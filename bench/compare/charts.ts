import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { FigureRow, GrowthPoint } from './summary.ts'
import { ratioOf, TITLES } from './tables.ts'

const TAPWIRE = '#0b7285'
const KERNEL = '#adb5bd'
const FONT = 'system-ui, sans-serif'

/** As a file of its own: readable on a dark page as well. */
function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg = Plot.plot({ ...options, document, style: { fontFamily: FONT, fontSize: '12px' } })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  for (const [name, value] of [
    ['width', '100%'],
    ['height', '100%'],
    ['fill', 'white'],
  ])
    ground.setAttribute(name, value)
  svg.querySelector('style')?.after(ground)
  svg.setAttribute('color', '#212529')
  // The name of the class is drawn by lot; a file that has not changed should not change.
  const [name] = /plot-[0-9a-f]+/.exec(svg.outerHTML) ?? ['plot']
  return `${svg.outerHTML.replaceAll(name, 'plot')}\n`
}

/** How much better than the kernel each figure is, a bar for each, with and without offloads. */
export function ratioChart(rows: readonly FigureRow[]): string {
  const bars = [0, 2]
    .flatMap((i) => {
      const [tapwire, kernel] = [rows[i], rows[i + 1]]
      if (kernel === undefined) return []
      const offloads = tapwire.target.split(', ')[1]
      return [...tapwire.cells].map(([figure, cell]) => ({
        offloads,
        figure: figure === 'memory' ? 'memory (less)' : TITLES[figure],
        ratio: ratioOf(figure, cell, kernel.cells.get(figure)!),
      }))
    })
    .filter(({ ratio }) => !Number.isNaN(ratio))
  const order = [...new Set(bars.map(({ figure }) => figure))]
  return draw({
    width: 860,
    height: 46 * order.length + 75,
    marginBottom: 45,
    marginLeft: 130,
    marginRight: 40,
    x: {
      label: "times Node's net over the kernel →",
      grid: true,
      domain: [0, Math.max(1.5, ...bars.map(({ ratio }) => ratio)) * 1.05],
    },
    y: { label: null, domain: order },
    fx: { label: null, domain: ['offloads on', 'offloads off'] },
    marks: [
      Plot.barX(bars, {
        fx: 'offloads',
        y: 'figure',
        x: 'ratio',
        fill: TAPWIRE,
        insetTop: 6,
        insetBottom: 6,
      }),
      Plot.text(bars, {
        fx: 'offloads',
        y: 'figure',
        x: 'ratio',
        text: ({ ratio }: { ratio: number }) => ratio.toFixed(2),
        textAnchor: 'start',
        dx: 4,
      }),
      Plot.ruleX([1], { stroke: '#e03131', strokeDasharray: '4 3' }),
      Plot.ruleX([0]),
    ],
  })
}

/** MB/s over connections, or over round-trip times: a line for each stack, rx and tx side by side. */
export function growthChart(points: readonly GrowthPoint[], label: string): string {
  const data = points.map(({ target, figure, at, value }) => ({
    target,
    direction: figure === 'rx' ? 'the server receives' : 'the server sends',
    // On a logarithmic axis nothing stands for no delay.
    at: Math.max(at, 0.1),
    ...value,
  }))
  const names = [...new Set(data.map(({ target }) => target))]
  const places = [...new Set(data.map(({ at }) => at))]
  const last = places.at(-1)
  const zero = points.some(({ at }) => at === 0)
  return draw({
    width: 860,
    height: 330,
    marginBottom: 45,
    marginLeft: 60,
    marginRight: 110,
    x: {
      type: 'log',
      label: `${label} →`,
      ticks: places,
      tickFormat: (at: number) => (zero && at < 1 ? '0' : at.toLocaleString('en')),
    },
    y: { label: '↑ MB/s', grid: true, zero: true },
    fx: { label: null },
    color: { domain: names, range: names.map((name) => (name.startsWith('tapwire') ? TAPWIRE : KERNEL)) },
    marks: [
      Plot.ruleY([0]),
      Plot.ruleX(data, {
        fx: 'direction',
        x: 'at',
        y1: 'low',
        y2: 'high',
        stroke: 'target',
        strokeWidth: 3,
        strokeOpacity: 0.35,
      }),
      Plot.line(data, { fx: 'direction', x: 'at', y: 'median', stroke: 'target', strokeWidth: 2 }),
      Plot.dot(data, { fx: 'direction', x: 'at', y: 'median', fill: 'target', r: 4 }),
      Plot.text(
        data.filter(({ at }) => at === last),
        {
          fx: 'direction',
          x: 'at',
          y: 'median',
          text: 'target',
          textAnchor: 'start',
          dx: 8,
        },
      ),
    ],
  })
}
