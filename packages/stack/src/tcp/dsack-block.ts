import { seqDiff } from '../core/seq.ts'
import type { Tcb } from './tcb.ts'

/* The block that the next ACK is to carry first (R2883-01): `dsack.ts` says what goes into it. */

/** Whether a duplicate waits to be told. */
export function hasDuplicate(tcb: Tcb): boolean {
  return seqDiff(tcb.dsackRight, tcb.dsackLeft) !== 0
}

/** It was told. */
export function forgetDuplicate(tcb: Tcb): void {
  tcb.dsackLeft = 0
  tcb.dsackRight = 0
}
