import { getSystemErrorMap, inspect } from 'node:util'
import { nodeBehaviour } from './node-version.ts'

/** An error as Node's own modules make them: `code` beside the message. */
export interface CodedError extends Error {
  code: string
}

/** An error of the operating system, as Node forms it; which fields are there depends on the call. */
export interface SystemCallError extends CodedError {
  /** Negative, the platform's own number. */
  errno: number
  syscall: string
  address?: string | null
  port?: number
  localAddress?: string
  localPort?: number
}

type ErrorConstructor = new (message: string) => Error

/**
 * An error with one of Node's ERR_ codes: the base class is Node's for that code, the code stands in the first line of
 * the stack and in `toString()`, and `name` stays that of the base class.
 */
export function codedError(Base: ErrorConstructor, code: string, message: string): CodedError {
  const error = new Base(message) as CodedError
  const { name } = error
  // The stack's text is made when it is captured or when it is first read, from the name that stands there then.
  define(error, 'name', `${name} [${code}]`)
  Error.captureStackTrace(error, codedError)
  void error.stack
  delete (error as { name?: string }).name
  define(error, 'toString', () => `${name} [${code}]: ${error.message}`)
  error.code = code
  return error
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, writable: true, configurable: true })
}

const systemErrors = new Map<string, { errno: number; text: string }>()
for (const [errno, [name, text]] of getSystemErrorMap()) systemErrors.set(name, { errno, text })

/** The platform's (negative) number of an errno name, as libuv has it; 0 when there is none. */
export function errnoOf(code: string): number {
  return systemErrors.get(code)?.errno ?? 0
}

function place(address: string | null | undefined, port: number | undefined): string {
  if (port !== undefined && port > 0) return ` ${address}:${port}`
  return address ? ` ${address}` : ''
}

/** `read ECONNRESET` (section 6 of Node's errors: no address). */
export function errnoException(code: string, syscall: string): SystemCallError {
  return Object.assign(new Error(`${syscall} ${code}`), { errno: errnoOf(code), code, syscall })
}

/** What becomes of a write that is under way when its socket is destroyed (NF-17): in Node 20 it ends without an error of its own. */
export const writeCancelled = (): SystemCallError | null =>
  nodeBehaviour.cancelsWrites ? errnoException('ECANCELED', 'write') : null

/** `connect ECONNREFUSED 10.0.0.1:80 - Local (10.0.0.2:5000)`. */
export function hostPortException(
  code: string,
  syscall: string,
  address: string,
  port: number | undefined,
  local?: string,
): SystemCallError {
  const tail = local === undefined ? '' : ` - Local (${local})`
  const error: SystemCallError = Object.assign(
    new Error(`${syscall} ${code}${place(address, port)}${tail}`),
    {
      errno: errnoOf(code),
      code,
      syscall,
      address,
    },
  )
  if (port) error.port = port
  return error
}

/** `listen EADDRINUSE: address already in use :::80`: with the system's own text. */
export function describedHostPortException(
  code: string,
  syscall: string,
  address: string | null,
  port: number | undefined,
): SystemCallError {
  const text = systemErrors.get(code)?.text ?? 'unknown error'
  const error: SystemCallError = Object.assign(
    new Error(`${syscall} ${code}: ${text}${place(address, port)}`),
    { code, errno: errnoOf(code), syscall, address },
  )
  if (port) error.port = port
  return error
}

/** What is left when every address of a name failed (NK-11): no message, the code of the first failure. */
export function attemptsFailed(errors: readonly Error[]): Error {
  const error = new AggregateError(errors)
  return Object.assign(error, { code: (errors[0] as CodedError | undefined)?.code })
}

/** How Node tells what it was given. */
function describeReceived(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  switch (typeof value) {
    case 'function':
      return `function ${value.name}`
    case 'object': {
      const name = (value as { constructor?: { name?: string } }).constructor?.name
      return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
    }
    case 'string': {
      const text = value.length > 28 ? `${value.slice(0, 25)}...` : value
      return text.includes("'") ? `type string (${JSON.stringify(text)})` : `type string ('${text}')`
    }
    case 'bigint':
      return `type bigint (${value}n)`
    case 'number':
      return `type number (${Object.is(value, -0) ? '-0' : value})`
    default:
      return `type ${typeof value} (${String(value)})`
  }
}

function list(words: readonly string[]): string {
  if (words.length < 3) return words.join(' or ')
  return `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`
}

/** @param expected types in lower case, classes with a capital */
export function invalidArgType(
  name: string,
  expected: string | readonly string[],
  actual: unknown,
): CodedError {
  const all = typeof expected === 'string' ? [expected] : expected
  const types = all.filter((word) => /^[a-z]+$/.test(word))
  const classes = all.filter((word) => /^[A-Z]/.test(word))
  const others = all.filter((word) => word.includes('.'))
  const parts: string[] = []
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${list(types)}`)
  if (classes.length > 0) parts.push(`an instance of ${list(classes)}`)
  if (others.length > 0) parts.push(`an ${list(others)}`)
  const kind = name.includes('.') ? 'property' : 'argument'
  const message = `The "${name}" ${kind} must be ${parts.join(' or ')}. Received ${describeReceived(actual)}`
  return codedError(TypeError, 'ERR_INVALID_ARG_TYPE', message)
}

export function invalidArgValue(name: string, value: unknown, reason = 'is invalid'): CodedError {
  const shown = inspect(value)
  const short = shown.length > 128 ? `${shown.slice(0, 128)}...` : shown
  const kind = name.includes('.') ? 'property' : 'argument'
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${short}`)
}

export function outOfRange(name: string, range: string, value: unknown): CodedError {
  const large = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 2 ** 32
  const shown = large ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : inspect(value)
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`
  return codedError(RangeError, 'ERR_OUT_OF_RANGE', message)
}

/** @param bound '>' where 0 will not do */
export function badPort(name: string, port: unknown, bound: '>=' | '>' = '>='): CodedError {
  const message = `${name} should be ${bound} 0 and < 65536. Received ${describeReceived(port)}.`
  return codedError(RangeError, 'ERR_SOCKET_BAD_PORT', message)
}

export function missingArgs(...names: string[]): CodedError {
  const quoted = names.map((name) => `"${name}"`).join(' or ')
  return codedError(TypeError, 'ERR_MISSING_ARGS', `The ${quoted} argument must be specified`)
}

export function invalidIpAddress(address: unknown): CodedError {
  return codedError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`)
}

export function invalidAddressFamily(family: unknown, host: unknown, port: unknown): CodedError {
  const error = codedError(
    RangeError,
    'ERR_INVALID_ADDRESS_FAMILY',
    `Invalid address family: ${family} ${host}:${port}`,
  )
  return Object.assign(error, { host, port })
}

/** NM-06, NK-24 */
export const ipBlocked = (address: string): CodedError =>
  codedError(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`)

/** Only connections of TCP can be reset, and only listeners of tapwire's be listened on (NF-16, NS-01). */
export const invalidHandleType = (): CodedError =>
  codedError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent')

/** File descriptors are the host's: none is of a type that a stack could take over (NK-01). */
export const invalidFdType = (type: string): CodedError =>
  codedError(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${type}`)

/** `createNet(stack, { ipc: 'refuse' })` */
export const pathRefused = (path: string): CodedError =>
  codedError(
    Error,
    'ERR_ACCESS_DENIED',
    `Access to the host's IPC path ${inspect(path)} is refused: this net was made with { ipc: 'refuse' }`,
  )

export const socketClosed = (): CodedError => codedError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed')

export const closedBeforeConnection = (): CodedError =>
  codedError(
    Error,
    'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
    'Socket closed before the connection was established',
  )

export const connectionTimeout = (): CodedError =>
  codedError(Error, 'ERR_SOCKET_CONNECTION_TIMEOUT', 'Socket connection timeout')

export const alreadyListening = (): CodedError =>
  codedError(
    Error,
    'ERR_SERVER_ALREADY_LISTEN',
    'Listen method has been called more than once without closing.',
  )

export const serverNotRunning = (): CodedError =>
  codedError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')

/** A write after the peer's FIN made this side end, too (NF-10): an EPIPE that no system call gave. */
export const endedByPeer = (): CodedError =>
  Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
