import { Presets, SingleBar } from 'cli-progress'
import { MEBIBYTE } from './payload.ts'
import type { Progress } from './tasks.ts'

export interface ProgressBar {
  readonly update: Progress
  stop(): void
}

const rateOf = (bytes: number, start: number): string =>
  (bytes / MEBIBYTE / Math.max(0.001, (performance.now() - start) / 1000)).toFixed(0)

/** A live bar on a terminal; elsewhere a line for each quarter. */
export function startProgress(name: string, total: number): ProgressBar {
  return process.stdout.isTTY ? liveBar(name, total) : quarterLines(name, total)
}

function liveBar(name: string, total: number): ProgressBar {
  const start = performance.now()
  const bar = new SingleBar(
    {
      format: `    ${name} {bar} {percentage} % | {done}/{size} MiB | {rate} MiB/s`,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      fps: 10,
    },
    Presets.shades_classic,
  )
  bar.start(total, 0, { done: 0, size: Math.round(total / MEBIBYTE), rate: '0' })
  return {
    update: (bytes) => bar.update(bytes, { done: Math.floor(bytes / MEBIBYTE), rate: rateOf(bytes, start) }),
    stop: () => bar.stop(),
  }
}

function quarterLines(name: string, total: number): ProgressBar {
  const start = performance.now()
  let quarter = 0
  return {
    update(bytes) {
      const reached = Math.floor((bytes / total) * 4)
      if (reached <= quarter) return
      quarter = reached
      console.log(`    ${name}: ${quarter * 25} %, ${rateOf(bytes, start)} MiB/s`)
    },
    stop() {},
  }
}
