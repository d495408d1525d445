import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Run } from '../../bench/compare/measure-all.ts'
import { mustRun } from '../../examples/shared/programs.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = (): string => readFileSync(`${root}docs/performance.md`, 'utf8')

kernelSuite('pnpm bench', kernelObstacle(['ip', 'taskset', 'ethtool']), () => {
  it('measures every figure of every target, and leaves the page alone', { timeout: 300_000 }, async () => {
    const before = page()
    const args = ['--import', 'tsx', 'bench/compare/main.ts', '--quick', '--parts', 'figures', '--json']
    const { stdout } = await mustRun(process.execPath, [...args, '--held', '50'], {
      cwd: root,
      spawn,
      timeout: 280_000,
    })
    const runs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Run)
    expect(runs).toHaveLength(24)
    expect(new Set(runs.map(({ target }) => target)).size).toBe(4)
    for (const { figure, value, cpu } of runs) {
      // Fifty connections may fit into memory that was there.
      if (figure === 'memory') continue
      expect(value).toBeGreaterThan(0)
      expect(cpu).toBeGreaterThan(0)
    }
    expect(page()).toBe(before)
  })
})
