import * as nodeNet from 'node:net'
import { validateBoolean, validateInt32 } from './validate.ts'

/**
 * NM-11, NM-12: the defaults of `autoSelectFamily`, which hold for the whole process as Node's do. They start as those of
 * the running Node, which its version (250 ms in 20, 500 in 26) and its command line set.
 */
export const autoSelectFamilyDefaults = {
  enabled: nodeNet.getDefaultAutoSelectFamily(),
  attemptTimeout: nodeNet.getDefaultAutoSelectFamilyAttemptTimeout(),
}

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
