import { describe } from 'vitest'
import { deviceObstacle, privilegeObstacle } from '../../examples/shared/kernel-obstacle.ts'
import { hasProgram } from '../../examples/shared/programs.ts'

/** Why a test that needs the kernel as its peer, and these programs, cannot run here; null when it can. */
export function kernelObstacle(programs: readonly string[]): string | null {
  const missing = programs.filter((program) => !hasProgram(program))
  const missingProgram = missing.length > 0 ? `not installed: ${missing.join(', ')}` : null
  return deviceObstacle() ?? privilegeObstacle() ?? missingProgram
}

/** A suite with the kernel as the peer. With an obstacle it is skipped, under a name that says which. */
export function kernelSuite(name: string, obstacle: string | null, body: () => void): void {
  if (obstacle === null) describe(name, body)
  else describe.skip(`${name} [skipped: ${obstacle}]`, body)
}
