import { addAbortListener } from 'node:events'
import { isIP, type ListenOptions } from 'node:net'
import { normalizeArgs } from './connect-args.ts'
import { kContext } from './context.ts'
import { alreadyListening, invalidArgValue, unavailable } from './errors.ts'
import type { Server } from './server.ts'
import { validateAbortSignal, validatePort } from './validate.ts'

interface GivenOptions extends Omit<ListenOptions, 'port'> {
  readonly port?: number | string | null
  readonly fd?: unknown
  readonly _handle?: unknown
  readonly handle?: unknown
}

/** `server.listen` in all its forms (NS-01 to NS-05). */
export function listen(server: Server, args: readonly unknown[]): void {
  const [options, callback] = normalizeArgs<GivenOptions>(args)
  if (server._handle !== null) throw alreadyListening()
  if (callback !== null) server.once('listening', callback as () => void)
  server._listeningId++
  if (options._handle || options.handle) throw unavailable('shared handle')
  watchSignal(server, options.signal)
  if (typeof options.fd === 'number' && options.fd >= 0) throw unavailable('file descriptor')
  const port = portOf(args, options)
  if (port !== undefined) {
    const backlog = options.backlog || backlogOf(args)
    listenOnPort(server, validatePort(port, 'options.port'), options, backlog)
    return
  }
  if (typeof options.path === 'string') throw unavailable('IPC path')
  if (!('port' in options || 'path' in options)) {
    throw invalidArgValue('options', options, 'must have the property "port" or "path"')
  }
  throw invalidArgValue('options', options)
}

/** The port, where these arguments name one: none at all, null and an explicit undefined are any free port. */
function portOf(args: readonly unknown[], options: GivenOptions): number | string | undefined {
  const any = args.length === 0 || typeof args[0] === 'function'
  if (any || options.port === null || (options.port === undefined && 'port' in options)) return 0
  return typeof options.port === 'number' || typeof options.port === 'string' ? options.port : undefined
}

/** `(port, backlog)` or `(port, host, backlog)` */
function backlogOf(args: readonly unknown[]): number | undefined {
  for (const candidate of [args[1], args[2]]) {
    const number = Number(candidate)
    if (candidate != null && typeof candidate !== 'function' && number > 0) return number
  }
  return undefined
}

function listenOnPort(
  server: Server,
  port: number,
  options: GivenOptions,
  backlog: number | undefined,
): void {
  const { host } = options
  const ipv6Only = options.ipv6Only === true
  if (!host) {
    // NS-05: bound at once, so that `address()` is there when `listen` returns. Node 20 heeds `ipv6Only` only beside
    // a host.
    server._listenOn(null, port, false, backlog)
    return
  }
  if (isIP(host) !== 0) {
    process.nextTick(listenLater, server, server._listeningId, host, port, ipv6Only, backlog)
    return
  }
  const id = server._listeningId
  server[kContext].lookup(host, {}, (error, found) => {
    if (id !== server._listeningId) return
    if (error) server.emit('error', error)
    else server._listenOn(found as string, port, ipv6Only, backlog)
  })
}

/** As after a lookup, which an address does not need. */
function listenLater(
  server: Server,
  id: number,
  host: string,
  port: number,
  ipv6Only: boolean,
  backlog: number | undefined,
): void {
  if (id === server._listeningId) server._listenOn(host, port, ipv6Only, backlog)
}

/** NS-13 */
function watchSignal(server: Server, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  validateAbortSignal(signal, 'options.signal')
  const aborted = (): void => {
    server.close()
  }
  if (signal.aborted) {
    process.nextTick(aborted)
    return
  }
  const listening = addAbortListener(signal, aborted)
  server.once('close', () => listening[Symbol.dispose]())
}
