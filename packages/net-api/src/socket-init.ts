import { addAbortListener } from 'node:events'
import { fstatSync } from 'node:fs'
import type { OnReadOpts, TcpSocketConnectOpts } from 'node:net'
import { Duplex } from 'node:stream'
import { isatty } from 'node:tty'
import { Accepted, STREAM_OPTIONS } from './accepted.ts'
import { blockListOf } from './block-list.ts'
import { CustomRead } from './custom-read.ts'
import { invalidArgValue, invalidFdType } from './errors.ts'
import { kBytesRead, kBytesWritten, kIdleTimer, kOnRead, kPeername, type Socket } from './socket.ts'
import type { SocketHandle } from './socket-handle.ts'
import { kKeepAlive, kKeepAliveDelay, kNoDelay, kTypeOfService } from './socket-settings.ts'
import { writeAfterEnd } from './socket-writes.ts'
import { validateAbortSignal, validateInt32, validateNumber } from './validate.ts'

/** All that a socket can be made or connected with (NK-01, NK-03). */
export interface SocketOptions extends Partial<Omit<TcpSocketConnectOpts, 'port' | 'family' | 'onread'>> {
  readonly port?: number | string | null
  readonly path?: string
  readonly family?: number | 'IPv4' | 'IPv6' | null
  readonly timeout?: number
  readonly fd?: number
  readonly allowHalfOpen?: boolean
  readonly signal?: AbortSignal
  readonly onread?: OnReadOpts | null
  readonly readable?: boolean
  readonly writable?: boolean
  readonly objectMode?: boolean
  readonly readableObjectMode?: boolean
  readonly writableObjectMode?: boolean
  readonly highWaterMark?: number
  /** Addresses that are not to be connected to. */
  readonly blockList?: unknown
  /** The DSCP byte of what is sent, 0 to 255. */
  readonly typeOfService?: number
  /** A connection that exists already; how servers make the sockets of accepted ones. */
  readonly handle?: SocketHandle
  readonly pauseOnCreate?: boolean
  readonly manualStart?: boolean
}

/** The body of the constructors that `createNet` makes. */
export function initSocket(socket: Socket, given: SocketOptions | Accepted | number | undefined): void {
  if (given instanceof Accepted) {
    initAccepted(socket, given)
    return
  }
  const fd = typeof given === 'number' ? given : given?.fd
  if (fd !== undefined) refuseFd(fd)
  const options: SocketOptions = typeof given === 'number' ? {} : { ...given }
  refuseObjectMode(options)
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
  }
  if (options.typeOfService !== undefined) {
    validateInt32(options.typeOfService, 'options.typeOfService', 0, 255)
  }
  setFields(socket)
  setOptions(socket, options)
  Duplex.call(socket, { ...options, ...STREAM_OPTIONS, allowHalfOpen: Boolean(options.allowHalfOpen) })
  socket.on('end', onEnd)
  startReading(socket, options)
  if (options.signal !== undefined) watchSignal(socket, options.signal)
}

function initAccepted(socket: Socket, { handle, stream, paused }: Accepted): void {
  setFields(socket)
  Duplex.call(socket, stream)
  socket.on('end', onEnd)
  socket._attach(handle as SocketHandle)
  if (paused) socket.pause()
  else socket.read(0)
}

/** NK-01: a descriptor is a resource of the host, none that a stack could take over. */
function refuseFd(fd: number): never {
  validateInt32(fd, 'fd', 0)
  throw invalidFdType(fdType(fd))
}

/** As Node names what it cannot use. */
function fdType(fd: number): string {
  try {
    const stats = fstatSync(fd)
    if (stats.isFile() || stats.isCharacterDevice()) return isatty(fd) ? 'TTY' : 'FILE'
    if (stats.isFIFO() || stats.isSocket()) return 'PIPE'
  } catch {
    // Nothing is open there.
  }
  return 'UNKNOWN'
}

function refuseObjectMode(options: SocketOptions): void {
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (options[name]) throw invalidArgValue(`options.${name}`, options[name], 'is not supported')
  }
}

/** NK-02; what few sockets have stands in the prototype until it is set. */
function setFields(socket: Socket): void {
  socket.connecting = false
  socket._hadError = false
  socket._handle = null
  socket._parent = null
  socket._host = null
  socket._pendingData = null
  socket._pendingEncoding = ''
  socket.server = null
  socket._server = null
  socket[kNoDelay] = false
  socket[kIdleTimer] = null
  socket[kBytesRead] = null
  socket[kBytesWritten] = null
  socket[kPeername] = null
}

function setOptions(socket: Socket, options: SocketOptions): void {
  const { noDelay, keepAlive, keepAliveInitialDelay: delay, typeOfService, onread } = options
  socket[kNoDelay] = Boolean(noDelay)
  if (keepAlive) socket[kKeepAlive] = true
  if (delay) socket[kKeepAliveDelay] = Math.max(0, Math.trunc(delay / 1000))
  if (typeOfService !== undefined) socket[kTypeOfService] = typeOfService
  const blockList = blockListOf(options)
  if (blockList !== undefined) socket.blockList = blockList
  const custom = CustomRead.from(onread)
  if (custom !== null) socket[kOnRead] = custom
}

function startReading(socket: Socket, options: SocketOptions): void {
  if (options.handle === undefined) return
  socket._attach(options.handle)
  if (options.readable === false) return
  if (options.pauseOnCreate) socket.pause()
  else if (!options.manualStart) socket.read(0)
}

/** NF-06, NF-10 */
function onEnd(this: Socket): void {
  if (!this.allowHalfOpen) this.write = writeAfterEnd as Socket['write']
}

/** NK-23: the stream itself destroys the socket on abort; attempts that are under way have to be told as well. */
function watchSignal(socket: Socket, signal: AbortSignal): void {
  validateAbortSignal(signal, 'options.signal')
  const aborted = (): void => {
    socket._aborted = true
  }
  if (signal.aborted) process.nextTick(aborted)
  else {
    const listening = addAbortListener(signal, aborted)
    socket.once('close', () => listening[Symbol.dispose]())
  }
}
