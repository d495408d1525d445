import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { mustRun } from '../../examples/shared/programs.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where in the project's packages code was thrown away because a number had outgrown what it had been compiled for. */
function outgrown(output: string): string[] {
  const places =
    output.match(/reason: (?:overflow|not a Smi|lost precision)\).*\n.*;;; deoptimize at .*/g) ?? []
  // The innermost: a program's own counters are its own matter.
  return places.flatMap((place) => /deoptimize at <[^>]*\/(packages\/[^>]*)>/.exec(place)?.[1] ?? [])
}

kernelSuite('more than 2 GiB each way', kernelObstacle(['ip']), () => {
  // A field made for 32-bit numbers changes its object's shape when one does not fit any more, and V8 throws all code away that knows
  // the old shape: of `net`, 110 functions, a quarter of a second, and slow connections after it.
  it.each(['net', 'core'])('leave the compiled code as it is (%s)', { timeout: 120_000 }, async (api) => {
    const watch = ['--trace-opt', '--trace-deopt', '--trace-deopt-verbose', '--import', 'tsx']
    const { stdout } = await mustRun(
      process.execPath,
      [...watch, 'bench/collections.ts', '--api', api, '--gib', '2.2'],
      { cwd: root, spawn, timeout: 110_000 },
    )
    expect(stdout).toMatch(/receiving +2\.2 GiB.*\n[\s\S]*sending +2\.2 GiB/)
    // What the test reads is there.
    expect(stdout).toMatch(/completed optimizing .*sendSegment/)
    expect(stdout).toMatch(/;;; deoptimize at </)
    expect(outgrown(stdout)).toEqual([])
  })
})
