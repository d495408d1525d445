import { Presets, SingleBar } from 'cli-progress'
import type { Measured } from './cells.ts'

export interface Progress {
  add(run: Measured): void
  stop(): void
}

/** A live bar on a terminal; elsewhere a line for each run. @param seconds how long it will take, about */
export function startProgress(total: number): Progress {
  return process.stderr.isTTY ? liveBar(total) : lines(total)
}

const told = ({ cell, side, rate, retransmitted, busy }: Measured): string =>
  `${cell} ${side}: ${rate.toFixed(2)} Mbit/s, ${retransmitted} sent again, processor ${Math.round(100 * busy)} %`

function liveBar(total: number): Progress {
  const bar = new SingleBar(
    { format: '  {bar} {value}/{total} | {last}', hideCursor: true, clearOnComplete: true, fps: 5 },
    Presets.shades_classic,
  )
  bar.start(total, 0, { last: 'starting' })
  return {
    add: (run) => bar.increment(1, { last: told(run) }),
    stop: () => bar.stop(),
  }
}

function lines(total: number): Progress {
  let done = 0
  return {
    add: (run) => console.error(`  ${++done}/${total} ${told(run)}`),
    stop: () => {},
  }
}
