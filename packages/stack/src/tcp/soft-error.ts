import type { CloseReason } from './api.ts'
import type { Tcb } from './tcb.ts'
import { ConnectionEvent, notify } from './wants.ts'

/** R1 of RFC 9293 section 3.8.3 (SHLD-10): so many timeouts in a row are bad news for the route (MUST-20). */
export const R1 = 3

/**
 * Bad news that ends nothing (MUST-47): told to an application that has `onSoftError` (SHLD-20: one that has not is not
 * disturbed), and kept as the reason if the connection fails later (SHLD-25).
 */
export function reportSoftError(tcb: Tcb, reason: CloseReason): void {
  tcb.softError = reason
  tell(tcb, reason)
}

/** R1 is reached, R2 is not (SHLD-9). */
export function reportStall(tcb: Tcb): void {
  tell(tcb, tcb.softError ?? 'ETIMEDOUT')
}

function tell(tcb: Tcb, reason: CloseReason): void {
  if (tcb.handler === null) return
  tcb.softNews = reason
  notify(tcb, ConnectionEvent.SoftError)
}
