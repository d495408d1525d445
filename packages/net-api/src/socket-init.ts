import { addAbortListener } from 'node:events'
import { fstatSync } from 'node:fs'
import type { OnReadOpts, TcpSocketConnectOpts } from 'node:net'
import { Duplex } from 'node:stream'
import { isatty } from 'node:tty'
import { blockListOf } from './block-list.ts'
import { CustomRead } from './custom-read.ts'
import { invalidArgValue, invalidFdType } from './errors.ts'
import {
  kBytesRead,
  kBytesWritten,
  kIdleTimer,
  kOnRead,
  kPeername,
  kResetting,
  type Socket,
  writeAfterEnd,
} from './socket.ts'
import type { SocketHandle } from './socket-handle.ts'
import {
  kKeepAlive,
  kKeepAliveCount,
  kKeepAliveDelay,
  kKeepAliveInterval,
  kNoDelay,
  kTypeOfService,
} from './socket-settings.ts'
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
export function initSocket(socket: Socket, given: SocketOptions | number | undefined): void {
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
  setFields(socket, options)
  // Like Node's: 'close' is emitted when the handle is closed, and text is encoded as it is sent, so that
  // `writableLength` counts characters.
  Duplex.call(socket, {
    ...options,
    allowHalfOpen: Boolean(options.allowHalfOpen),
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  })
  socket.on('end', onEnd)
  startReading(socket, options)
  if (options.signal !== undefined) watchSignal(socket, options.signal)
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

/** NK-02 */
function setFields(socket: Socket, options: SocketOptions): void {
  socket.connecting = false
  socket._hadError = false
  socket._handle = null
  socket._parent = null
  socket._host = null
  socket._pendingData = null
  socket._pendingEncoding = ''
  socket.server = null
  socket._server = null
  socket[kNoDelay] = Boolean(options.noDelay)
  socket[kKeepAlive] = Boolean(options.keepAlive)
  socket[kKeepAliveDelay] = Math.max(0, Math.trunc((options.keepAliveInitialDelay ?? 0) / 1000))
  socket[kIdleTimer] = null
  socket[kBytesRead] = 0
  socket[kBytesWritten] = 0
  socket[kKeepAliveInterval] = undefined
  socket[kKeepAliveCount] = undefined
  socket[kTypeOfService] = options.typeOfService
  const blockList = blockListOf(options)
  if (blockList !== undefined) socket.blockList = blockList
  socket[kOnRead] = CustomRead.from(options.onread)
  socket[kResetting] = false
  socket[kPeername] = null
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
