import { Audit } from '../../src/core/audit.ts'
import { auditConservation } from '../../src/debug/conservation.ts'
import type { Stack } from '../../src/index.ts'

/** @throws Error that names the layer where something got lost, or was counted twice */
export function checkConservation(stack: Stack): void {
  const audit = new Audit(stack.memory)
  auditConservation(stack, audit)
  if (audit.broken.length > 0) throw new Error(audit.broken.join('\n'))
}
