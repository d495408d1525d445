import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  /** One more is done. @param line what came out of it */
  add(line: string): void
  /** What is being done, and does not count. */
  note(line: string): void
  stop(): void
}

/** A live bar on a terminal; elsewhere a line for each. */
export function startProgress(total: number): Progress {
  return process.stderr.isTTY ? liveBar(total) : lines(total)
}

function liveBar(total: number): Progress {
  const bar = new SingleBar(
    { format: '  {bar} {value}/{total} | {last}', hideCursor: true, clearOnComplete: true, fps: 5 },
    Presets.shades_classic,
  )
  bar.start(total, 0, { last: 'starting' })
  return {
    add: (last) => bar.increment(1, { last }),
    note: (last) => bar.update({ last }),
    stop: () => bar.stop(),
  }
}

function lines(total: number): Progress {
  let done = 0
  return {
    add: (line) => console.error(`  ${++done}/${total} ${line}`),
    note: (line) => console.error(`  ${line}`),
    stop: () => {},
  }
}
