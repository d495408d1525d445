import { addAbortListener } from 'node:events'
import { isIP, type ListenOptions } from 'node:net'
import { normalizeArgs } from './connect-args.ts'
import { kContext } from './context.ts'
import { listenTrace } from './diagnostics.ts'
import { alreadyListening, describedHostPortException, invalidArgValue, pathRefused } from './errors.ts'
import { PipeListener } from './ipc/pipe-listener.ts'
import { ListenHandle, type ListenTarget } from './listen-handle.ts'
import { nodeBehaviour } from './node-version.ts'
import type { Server } from './server.ts'
import { TcpHandle } from './tcp-handle.ts'
import { validateAbortSignal, validatePort } from './validate.ts'

interface GivenOptions extends Omit<ListenOptions, 'port'> {
  readonly port?: number | string | null
  readonly fd?: unknown
  readonly _handle?: unknown
  readonly handle?: unknown
  readonly reusePort?: boolean
}

/** `server.listen` in all its forms (NS-01 to NS-05); listening twice throws (NS-07). */
export function listen(server: Server, args: readonly unknown[]): void {
  const [given, callback] = normalizeArgs<GivenOptions>(args)
  if (server._handle !== null) throw alreadyListening()
  listenTrace.started(server, given)
  if (callback !== null) server.once('listening', callback as () => void)
  server._listeningId++
  const options = (given._handle || given.handle || given) as GivenOptions
  if (listenOnHandle(server, options)) return
  watchSignal(server, options.signal)
  if (typeof options.fd === 'number' && options.fd >= 0) {
    // NS-01: what Node says of a descriptor that cannot listen; the host's are none of the stack's.
    server._listenFailed(describedHostPortException('EINVAL', 'listen', null, undefined))
    return
  }
  const port = portOf(args, options)
  if (port !== undefined) listenOnPort(server, validatePort(port, 'options.port'), options, backlogOf(args))
  else if (typeof options.path === 'string' && options.path !== '' && !(Number(options.path) >= 0)) {
    listenOnPath(server, options as GivenOptions & { path: string }, backlogOf(args))
  } else if (!('port' in options || 'path' in options)) {
    throw invalidArgValue('options', options, 'must have the property "port" or "path"')
  } else throw invalidArgValue('options', options)
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

/** NS-01: the listener of another server of tapwire, which is told of no more connections. @returns whether it was one */
function listenOnHandle(server: Server, handle: unknown): boolean {
  if (handle instanceof ListenHandle) {
    handle.passTo(server)
    server._listensWith(handle)
  } else if (handle instanceof TcpHandle) {
    handle.close()
    server._listenFailed(describedHostPortException('EINVAL', 'listen', null, -1))
  } else return false
  return true
}

/** NS-10 to NS-12: `exclusive` has no meaning outside of a cluster; the backlog is Node's 511 unless given (NS-06). */
function listenOnPort(
  server: Server,
  port: number,
  options: GivenOptions,
  backlogGiven: number | undefined,
): void {
  const { host } = options
  const target: ListenTarget = {
    address: null,
    port,
    ipv6Only: options.ipv6Only === true,
    reusePort: options.reusePort === true,
    backlog: Math.min(options.backlog || backlogGiven || 511, MOST_WAITING),
  }
  if (!host) {
    // NS-05: bound at once, so that `address()` is there when `listen` returns.
    server._listenOn({ ...target, ipv6Only: target.ipv6Only && nodeBehaviour.ipv6OnlyWithoutHost })
    return
  }
  if (isIP(host) !== 0) {
    process.nextTick(listenLater, server, server._listeningId, { ...target, address: host })
    return
  }
  lookupAndListen(server, host, target)
}

/** What the stack takes for a backlog. Linux cuts greater ones in silence, too. */
const MOST_WAITING = 65_535

/** `close`, and another `listen`, while the name is being resolved, are what counts then (NS-05). */
function lookupAndListen(server: Server, host: string, target: ListenTarget): void {
  const id = server._listeningId
  const wanted = nodeBehaviour.listenLooksUpAll ? { all: true } : {}
  server[kContext].lookup(host, wanted, (error, found) => {
    if (id !== server._listeningId) return
    if (error) {
      server.emit('error', error)
      return
    }
    const address =
      typeof found === 'string'
        ? found
        : (found.find((entry) => !isLinkLocal(entry.address)) ?? found[0]).address
    server._listenOn({ ...target, address })
  })
}

/** fe80::/10, which nobody can listen on without naming an interface. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][\da-f]:/i.test(address)
}

/** As after a lookup, which an address does not need. */
function listenLater(server: Server, id: number, target: ListenTarget): void {
  if (id === server._listeningId) server._listenOn(target)
}

/** NS-03 */
function listenOnPath(
  server: Server,
  options: GivenOptions & { path: string },
  backlogGiven: number | undefined,
): void {
  const { path } = options
  if (server[kContext].ipc === 'refuse') throw pathRefused(path)
  const id = server._listeningId
  const listener = new PipeListener(server)
  const { signal, ...given } = options
  const backlog = options.backlog || backlogGiven
  server._pipeName = path
  listener.listen(
    backlog === undefined ? { ...given, path } : { ...given, path, backlog },
    () => {
      // A worker of a cluster has asked its primary meanwhile.
      if (id === server._listeningId) server._listensWith(listener)
      else listener.close()
    },
    (error) => {
      // Already on a tick of its own.
      listenTrace.failed(server, error)
      server.emit('error', error)
    },
  )
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
