import { describe } from 'vitest'
import { deviceObstacle, privilegeObstacle } from '../../examples/shared/kernel-obstacle.ts'
import { hasProgram } from '../../examples/shared/programs.ts'

function missingProgram(programs: readonly string[]): string | null {
  const missing = programs.filter((program) => !hasProgram(program))
  return missing.length > 0 ? `${missing.join(', ')} is not installed` : null
}

/** A suite with the kernel as the peer. Where that cannot be, it is skipped under a name that says why. */
export function kernelSuite(name: string, programs: readonly string[], body: () => void): void {
  const reason = deviceObstacle() ?? privilegeObstacle() ?? missingProgram(programs)
  if (reason === null) describe(name, body)
  else describe.skip(`${name} [skipped: ${reason}]`, body)
}
