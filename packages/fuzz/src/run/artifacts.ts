import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure } from './play.ts'

/** Writes what is known of a failure. @returns what to print: what happened, where the capture is, how to see it again */
export function reportFailure(failure: Failure, folder: string): string {
  const { harness, seed, step, error, pcapng } = failure
  mkdirSync(folder, { recursive: true })
  const base = join(folder, `${harness}-${seed}`)
  writeFileSync(`${base}.pcapng`, pcapng)
  writeFileSync(`${base}.txt`, `${harness}, seed ${seed}, step ${step}\n${error.stack ?? error.message}\n`)
  return [
    `✗ ${harness}, seed ${seed}, step ${step}: ${error.message}`,
    `  capture: ${base}.pcapng`,
    `  again:   pnpm fuzz -- --harness ${harness} --scenario ${seed}`,
  ].join('\n')
}
