import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { growthChart, ratioChart } from '../bench/compare/charts.ts'
import type { Run } from '../bench/compare/measure-all.ts'
import { targetOf } from '../bench/compare/network.ts'
import { parseOptions } from '../bench/compare/options.ts'
import { planOf } from '../bench/compare/plan.ts'
import { allowedCpus } from '../bench/compare/processors.ts'
import { figureRows, growthPoints } from '../bench/compare/summary.ts'
import { cpuTable, figureTable, growthTable, markdownTable } from '../bench/compare/tables.ts'
import { CHECKSUM } from '../bench/micro/checksum.ts'
import { DEMUX } from '../bench/micro/demux.ts'
import { HEADERS } from '../bench/micro/headers.ts'
import { replacePart } from '../bench/page.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(target: string, figure: Run['figure'], value: number, more: Partial<Run> = {}): Run {
  const rest = { connections: 1, cpu: 2, amount: 2 ** 30, rtt: 0, round: 0, part: 'figures' } as const
  return { ...rest, target, figure, value, ...more }
}

const [on, kernelOn] = [targetOf('tapwire', true).name, targetOf('kernel', true).name]
const FIGURES = [
  ...[900e6, 1200e6, 1000e6].map((value) => run(on, 'rx', value)),
  ...[500e6, 500e6, 500e6].map((value) => run(kernelOn, 'rx', value, { cpu: 3 })),
  run(on, 'memory', 2000),
  run(kernelOn, 'memory', 3000),
]

describe('the options of pnpm bench', () => {
  it('have defaults; a quick run writes nothing', () => {
    expect(parseOptions([])).toMatchObject({ rounds: 5, seconds: 1, held: 10_000, pin: 'same', write: true })
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, write: false })
    expect(parseOptions(['--json'])).toMatchObject({ write: false })
    expect(parseOptions(['--parts', 'rtt,micro', '--figures', 'tx'])).toMatchObject({
      parts: ['rtt', 'micro'],
      figures: ['tx'],
    })
    expect(parseOptions(['--help'])).toBeNull()
  })

  it.each([
    [['--rounds', '0'], "--rounds takes a whole number from 1 to 100, and this is '0'"],
    [['--seconds', 'x'], '--seconds takes a number from 0.1 to 60'],
    [['--parts', 'moon'], "--parts takes figures, connections, rtt, micro, and this is 'moon'"],
    [['--pin', 'both'], '--pin takes same, split, none'],
  ])('%j is refused in a sentence', (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(sentence)
  })
})

it('every target is measured in turn; without netem the kernel is not delayed', () => {
  const options = parseOptions([])!
  const names = (netem: boolean, ethtool = true): Set<string> =>
    new Set(planOf(options, { netem, ethtool }).map(({ target }) => target.name))
  expect(names(true)).toContain("Node's net, offloads on, 100 ms")
  expect(names(false)).not.toContain("Node's net, offloads on, 100 ms")
  expect(names(false, false)).not.toContain(targetOf('tapwire', false).name)
  const first = planOf(options, { netem: false, ethtool: true }).slice(0, 4)
  expect(first.map(({ figure }) => figure)).toEqual(['rx', 'rx', 'rx', 'rx'])
  expect(new Set(first.map(({ target }) => target.name)).size).toBe(4)
})

it('processors are those that this process may use', () => {
  expect(allowedCpus('Name:\tx\nCpus_allowed_list:\t0-2,7\n')).toEqual([0, 1, 2, 7])
  expect(allowedCpus()).not.toEqual([])
})

describe('what is made of the runs', () => {
  it('medians with their range, and how much better tapwire is: less, for memory', () => {
    const [header, lines] = figureTable(figureRows(FIGURES))
    expect(header).toEqual(['', 'rx MB/s', 'bytes per held connection'])
    expect(lines).toEqual([
      [on, '1,000 (900 to 1,200)', '2,000'],
      [kernelOn, '500', '3,000'],
      ['how much better tapwire is', '2.00', '1.50'],
    ])
  })

  it('a process that did not grow has no ratio', () => {
    const runs = [run(on, 'memory', -100), run(kernelOn, 'memory', 3000)]
    expect(figureTable(figureRows(runs))[1].at(-1)).toEqual(['how much better tapwire is', '–'])
    expect(ratioChart(figureRows(runs))).not.toContain('NaN')
  })

  it('processor time, for each GiB', () => {
    const [header, lines] = cpuTable(figureRows(FIGURES))
    expect(header).toEqual(['', 'rx, s/GiB'])
    expect(lines.map((cells) => cells[1])).toEqual(['2.00', '3.00', '1.50'])
  })

  it('growth: a line for each stack and direction', () => {
    const runs = [1, 10, 100, 1000].map((connections) =>
      run(on, 'tx', connections * 1e6, { part: 'connections', connections }),
    )
    const points = growthPoints(runs, 'connections')
    const [header, lines] = growthTable(points, 'at once')
    expect(header).toEqual(['', '1 at once', '10 at once', '100 at once', '1,000 at once'])
    expect(lines).toEqual([["tapwire's net, tx MB/s", '1', '10', '100', '1,000']])
    expect(growthChart(points, 'connections at once').match(/<circle/g)).toHaveLength(4)
  })

  it('a chart is an SVG file that stays the same', () => {
    const chart = ratioChart(figureRows(FIGURES))
    expect(chart).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    const bars = /<g aria-label="bar".*?<\/g>/s.exec(chart)?.[0] ?? ''
    expect(bars.match(/<rect/g)).toHaveLength(2)
    expect(chart).toContain('2.00')
    expect(ratioChart(figureRows(FIGURES))).toBe(chart)
  })

  it('stands between its two comments in docs/performance.md, and nowhere else', () => {
    const page = readFileSync(`${root}docs/performance.md`, 'utf8')
    for (const name of ['bench figures', 'bench connections', 'bench rtt', 'bench micro']) {
      const changed = replacePart(page, name, 'NEW')
      expect(changed).toContain('\n\nNEW\n\n')
      expect(replacePart(changed, name, 'NEW')).toBe(changed)
    }
    expect(() => replacePart(page, 'moon', '')).toThrow("no place for 'moon'")
    expect(markdownTable(['a', 'b'], [['1', '2']])).toBe('| a | b |\n| --- | --- |\n| 1 | 2 |')
  })
})

it.each([CHECKSUM, HEADERS, DEMUX])('$name: all ways come to the same', ({ ways }) => {
  // Each look-up is for the next connection: a whole round of them brings all ways to the same place.
  const results = ways.map(({ run: once }) => {
    const first = once()
    for (let i = 1; i < 1000; i++) once()
    return typeof first === 'object' ? (first as { remotePort: number }).remotePort : first
  })
  expect(new Set(results).size).toBe(1)
})

describe('the command', () => {
  it.each(['bench/compare/main.ts', 'bench/micro/main.ts'])('%s explains itself', (file) => {
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', file, '--help'], {
      cwd: root,
      encoding: 'utf8',
    })
    expect([status, stdout]).toEqual([0, expect.stringContaining('--quick')])
  })

  it('says in a sentence what is wrong with an option', () => {
    const args = ['--import', 'tsx', 'bench/compare/main.ts', '--rounds', 'many']
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    expect([status, stderr]).toEqual([
      2,
      "tapwire: --rounds takes a whole number from 1 to 100, and this is 'many'\n",
    ])
  })
})
