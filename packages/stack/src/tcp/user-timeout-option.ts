import { type Micros, SECOND } from '../core/timer.ts'
import { currentRto } from './rtt.ts'
import type { Tcb } from './tcb.ts'

/*
 * RFC 5482: each side tells the other how long it is prepared to wait, so that both wait as long. Off unless the setting
 * `userTimeoutOption` says otherwise, and then still advisory: it never changes what the application has set itself.
 */

/** L_LIMIT: no peer makes us give up before that (R5482-02). */
const LOWEST: Micros = 100 * SECOND
/** U_LIMIT: nor hold what it does not acknowledge longer than that. */
const HIGHEST: Micros = 3600 * SECOND
/** What 15 bits of minutes can say. */
const LONGEST_SECONDS = 0x7fff * 60

/** Bytes of the option. */
export const USER_TIMEOUT_LENGTH = 4

/** The application has set its timeout: the peer is told with the next segment that has room. */
export function advertiseUserTimeout(tcb: Tcb, timeout: Micros): void {
  tcb.uto.changeable = false
  tcb.uto.advertised = timeout
  // R5482-01: zero is reserved.
  tcb.uto.pending = tcb.tcp.config.userTimeoutOption && timeout > 0
}

/** What the option says: whole seconds, or whole minutes where these are too many. */
export function advertisedSeconds(tcb: Tcb): number {
  return Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(tcb.uto.advertised / SECOND)))
}

/** The option of an acceptable segment (R5482-02, R5482-03; without the setting R5482-04). @param seconds above 0 */
export function adoptUserTimeout(tcb: Tcb, seconds: number): void {
  const { uto } = tcb
  if (!tcb.tcp.config.userTimeoutOption || !uto.changeable) return
  const lowest = Math.max(LOWEST, currentRto(tcb) + SECOND)
  tcb.userTimeout = Math.min(HIGHEST, Math.max(uto.advertised, seconds * SECOND, lowest))
}

/** What a connection knows of it. */
export class UserTimeoutOption {
  /** The application has not set a timeout of its own. */
  changeable = true
  /** ADV_UTO, 0 for none. */
  advertised: Micros = 0
  /** Still to be told. */
  pending = false
}
