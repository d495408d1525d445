import { getSystemErrorMap } from 'node:util'
import { TapwireError } from '@tapwire/stack'
import { type CodedError, codedError, errnoException, errnoOf, type SystemCallError } from '../errors.ts'

export const badType = (): CodedError =>
  codedError(TypeError, 'ERR_SOCKET_BAD_TYPE', 'Bad socket type specified. Valid types are: udp4, udp6')

export const alreadyBound = (): CodedError =>
  codedError(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound')

export const notRunning = (): CodedError => codedError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running')

export const isConnected = (): CodedError =>
  codedError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected')

export const notConnected = (): CodedError =>
  codedError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected')

export const badBufferSize = (): CodedError =>
  codedError(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer')

export const outOfBounds = (name: string): CodedError =>
  codedError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', `"${name}" is outside of buffer bounds`)

/** Node's SystemError, of which it exports no constructor. */
export function bufferSizeError(code: string, syscall: string): Error {
  const errno = errnoOf(code)
  const text = getSystemErrorMap().get(errno)?.[1] ?? 'unknown error'
  const message = `Could not get or set buffer size: ${syscall} returned ${code} (${text})`
  const error = codedError(Error, 'ERR_SOCKET_BUFFER_SIZE', message)
  Object.defineProperties(error, {
    name: { value: 'SystemError', writable: true, configurable: true },
    toString: {
      value: () => `SystemError [ERR_SOCKET_BUFFER_SIZE]: ${message}`,
      writable: true,
      configurable: true,
    },
  })
  return Object.assign(error, { info: { errno, code, message: text, syscall }, errno, syscall })
}

/** `bind EADDRINUSE 0.0.0.0:80`. Unlike that of `net`, the address may be missing, and the port is what was given. */
export function addressException(
  code: string,
  syscall: string,
  address: unknown,
  port: unknown,
): SystemCallError {
  const place = Number(port) > 0 ? ` ${address}:${port}` : address ? ` ${address}` : ''
  const error = errnoException(code, syscall)
  error.message += place
  return Object.assign(error, address == null ? {} : { address }, port ? { port } : {}) as SystemCallError
}

/** @returns 0, or the errno name of why the stack refused */
export function codeOf(call: () => void): string | 0 {
  try {
    call()
    return 0
  } catch (error) {
    if (!(error instanceof TapwireError)) throw error
    // What a socket for the one version cannot reach in the other, a kernel finds no route to.
    return error.code === 'EAFNOSUPPORT' ? 'ENETUNREACH' : error.code
  }
}
