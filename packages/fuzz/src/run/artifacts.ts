import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '@tapwire/packetdrill'
import { packetScript } from './packet-script.ts'
import type { Failure } from './play.ts'

/** Writes what is known of a failure. @returns what to print: what happened, where the capture is, how to see it again */
export function reportFailure(failure: Failure, folder: string): string {
  const { harness, seed, step, error, pcapng } = failure
  mkdirSync(folder, { recursive: true })
  const base = join(folder, `${harness}-${seed}`)
  writeFileSync(`${base}.pcapng`, pcapng)
  writeFileSync(`${base}.txt`, `${harness}, seed ${seed}, step ${step}\n${error.stack ?? error.message}\n`)
  const script = packetScript(failure.frames, `${harness}, seed ${seed}, step ${step}: ${error.message}`)
  if (script !== null) writeFileSync(`${base}.pkt`, script)
  return [
    `✗ ${harness}, seed ${seed}, step ${step}: ${error.message}`,
    `  capture: ${base}.pcapng`,
    ...(script === null ? [] : [`  script:  ${base}.pkt${plays(script)}`]),
    `  again:   pnpm fuzz -- --harness ${harness} --scenario ${seed}`,
  ].join('\n')
}

/** Whether the runner of scripts takes it. */
function plays(script: string): string {
  const { error } = runScript(script)
  return error === null ? '' : ` (it does not play through: ${error.message})`
}
