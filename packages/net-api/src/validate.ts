import { badPort, invalidArgType, invalidArgValue, outOfRange } from './errors.ts'

/** Node's checks of arguments, with Node's codes and texts. */

export function validateNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value)
}

export function validateBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'boolean', value)
}

export function validateFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw invalidArgType(name, 'function', value)
}

export function validateInt32(value: unknown, name: string, min: number, max = 0x7fff_ffff): void {
  validateNumber(value, name)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value)
}

/** NM-09: takes 0 to 65,535 as a number or as text. */
export function validatePort(port: unknown, name = 'Port'): number {
  const fits =
    (typeof port === 'number' || (typeof port === 'string' && port.trim().length > 0)) &&
    Number(port) === Number(port) >>> 0 &&
    Number(port) <= 0xffff
  if (!fits) throw badPort(name, port)
  return Number(port)
}

export function validateAbortSignal(signal: unknown, name: string): asserts signal is AbortSignal {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
    throw invalidArgType(name, 'AbortSignal', signal)
  }
}

/** The longest wait of Node's timers, in milliseconds. */
const LONGEST_TIMEOUT = 0x7fff_ffff

/** A time span for a timer, in milliseconds; one that is too long is cut, with Node's warning. */
export function validateTimeout(milliseconds: unknown, name: string): number {
  validateNumber(milliseconds, name)
  if (milliseconds < 0 || !Number.isFinite(milliseconds)) {
    throw outOfRange(name, 'a non-negative finite number', milliseconds)
  }
  if (milliseconds <= LONGEST_TIMEOUT) return milliseconds
  process.emitWarning(
    `${milliseconds} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${LONGEST_TIMEOUT}.`,
    'TimeoutOverflowWarning',
  )
  return LONGEST_TIMEOUT
}

export function validateWithoutNullBytes(value: string, name: string): void {
  if (value.includes('\u0000')) {
    throw invalidArgValue(name, value, 'must be a string without null bytes')
  }
}

export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(name, 'string', value)
}
