import { badPort, invalidArgType } from '../errors.ts'
import { isConnected, outOfBounds } from './errors.ts'

/** The arguments of `send`, sorted out. */
export interface SendArgs {
  readonly list: Uint8Array[]
  readonly port: unknown
  readonly address: unknown
  readonly callback: unknown
}

type View = NodeJS.ArrayBufferView

const KINDS = ['Buffer', 'TypedArray', 'DataView', 'string']

/**
 * `(msg[, offset, length][, port[, address]][, callback])`. Which of the numbers is meant shows in what follows them.
 * @throws ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_INVALID_ARG_TYPE, ERR_BUFFER_OUT_OF_BOUNDS
 */
export function sendArgs(connected: boolean, args: readonly unknown[]): SendArgs {
  const [message, a, b, c, d, e] = args
  if (connected) return connectedArgs(message, a, b, c, d, e)
  if (d || (c && typeof c !== 'function')) {
    return { list: listOf(slice(message, a, b)), port: c, address: d, callback: e }
  }
  return { list: listOf(message), port: a, address: b, callback: c }
}

function connectedArgs(
  message: unknown,
  a: unknown,
  b: unknown,
  c: unknown,
  d: unknown,
  e: unknown,
): SendArgs {
  const sliced = typeof b === 'number'
  const bytes = sliced ? slice(message, a, b) : message
  const port = sliced && typeof c === 'function' ? null : c
  const callback = sliced ? (typeof c === 'function' ? c : e) : a
  if (port || d) throw isConnected()
  return { list: listOf(bytes), port: null, address: d, callback }
}

function bytesOf(part: unknown): Uint8Array | null {
  if (typeof part === 'string') return Buffer.from(part)
  if (!ArrayBuffer.isView(part)) return null
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
}

function slice(message: unknown, offset: unknown, length: unknown): Uint8Array {
  const bytes = typeof message === 'string' ? Buffer.from(message) : message
  if (!ArrayBuffer.isView(bytes)) throw invalidArgType('buffer', KINDS, message)
  const view = bytes as View
  const start = Number(offset) >>> 0
  const count = Number(length) >>> 0
  if (start > view.byteLength) throw outOfBounds('offset')
  if (start + count > view.byteLength) throw outOfBounds('length')
  return new Uint8Array(view.buffer, view.byteOffset + start, count)
}

function listOf(message: unknown): Uint8Array[] {
  if (!Array.isArray(message)) {
    const bytes = bytesOf(message)
    if (bytes === null) throw invalidArgType('buffer', KINDS, message)
    return [bytes]
  }
  return message.map((part) => {
    const bytes = bytesOf(part)
    if (bytes === null) throw invalidArgType('buffer list arguments', KINDS, message)
    return bytes
  })
}

/** A port that can be sent to: 1 to 65,535, as a number or as text. @throws ERR_SOCKET_BAD_PORT */
export function validateRemotePort(port: unknown): number {
  const fits = typeof port === 'number' || (typeof port === 'string' && port.trim().length > 0)
  const value = Number(port)
  if (fits && value === value >>> 0 && value > 0 && value <= 0xffff) return value
  throw badPort('Port', port, '>')
}
