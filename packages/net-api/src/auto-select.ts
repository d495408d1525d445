import { validateBoolean, validateInt32 } from './validate.ts'

/** NM-11, NM-12: the defaults of `autoSelectFamily`, which hold for the whole process as Node's do. */
export const autoSelectFamilyDefaults = { enabled: true, attemptTimeout: 250 }

export function getDefaultAutoSelectFamily(): boolean {
  return autoSelectFamilyDefaults.enabled
}

export function setDefaultAutoSelectFamily(value: boolean): void {
  validateBoolean(value, 'value')
  autoSelectFamilyDefaults.enabled = value
}

/** Milliseconds. */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number {
  return autoSelectFamilyDefaults.attemptTimeout
}

/** @param value milliseconds; less than 10 becomes 10 */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  validateInt32(value, 'value', 1)
  autoSelectFamilyDefaults.attemptTimeout = Math.max(10, value)
}
