import { readFileSync } from 'node:fs'

/** Ticks since the start: idle ones, and all. */
interface Ticks {
  readonly idle: number
  readonly all: number
}

function ticks(): Ticks {
  const [line] = readFileSync('/proc/stat', 'utf8').split('\n')
  const fields = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { idle: fields[3] + fields[4], all: fields.reduce((sum, field) => sum + field, 0) }
}

/** Watches how busy the processors are. @returns tells it: the part of the time since, 0 to 1 */
export function watchProcessor(): () => number {
  const before = ticks()
  return () => {
    const after = ticks()
    return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all)
  }
}
