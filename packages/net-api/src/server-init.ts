import { EventEmitter } from 'node:events'
import { getDefaultHighWaterMark } from 'node:stream'
import { blockListOf } from './block-list.ts'
import { invalidArgType } from './errors.ts'
import type { Server } from './server.ts'
import { validateNumber } from './validate.ts'

/** NM-02 to NM-05 */
export interface ServerOptions {
  readonly allowHalfOpen?: boolean
  readonly pauseOnConnect?: boolean
  readonly noDelay?: boolean
  readonly keepAlive?: boolean
  /** Milliseconds. */
  readonly keepAliveInitialDelay?: number
  readonly highWaterMark?: number
  /** Peers whose connections are closed without a word. */
  readonly blockList?: unknown
}

/** NM-01: the body of the constructors that `createNet` makes. */
export function initServer(server: Server, given: unknown, listener: unknown): void {
  EventEmitter.call(server as unknown as EventEmitter)
  const isListener = typeof given === 'function'
  if (!isListener && given != null && typeof given !== 'object')
    throw invalidArgType('options', 'object', given)
  const options: ServerOptions = isListener ? {} : { ...given }
  const onConnection = isListener ? given : listener
  if (typeof onConnection === 'function') server.on('connection', onConnection as () => void)
  const { keepAliveInitialDelay: delay, highWaterMark } = options
  if (delay !== undefined) validateNumber(delay, 'options.keepAliveInitialDelay')
  if (highWaterMark !== undefined) validateNumber(highWaterMark, 'options.highWaterMark')
  const blockList = blockListOf(options)
  if (blockList !== undefined) server.blockList = blockList
  server._connections = 0
  server._handle = null
  server._unref = false
  server._listeningId = 1
  server.allowHalfOpen = options.allowHalfOpen || false
  server.pauseOnConnect = Boolean(options.pauseOnConnect)
  server.noDelay = Boolean(options.noDelay)
  server.keepAlive = Boolean(options.keepAlive)
  server.keepAliveInitialDelay = Math.max(0, Math.trunc((delay ?? 0) / 1000))
  const usual = getDefaultHighWaterMark(false)
  server.highWaterMark = highWaterMark === undefined || highWaterMark < 0 ? usual : highWaterMark
}
