import type { Socket, TcpSocketConnectOpts } from 'node:net'
import { Agent, buildConnector } from 'undici'
import type { NetStack } from './context.ts'
import { createNet, type TapwireNet } from './create-net.ts'

/*
 * A module of its own, `@tapwire/net-api/fetch`: it needs the package `undici`, because Node does not export its copy.
 */

/** Milliseconds until a connection has to stand, when the options name no other: undici's own. */
const CONNECT_TIMEOUT = 10_000

/** Milliseconds of silence before the first keepalive probe: undici's own. */
const KEEPALIVE_DELAY = 60_000

/** As those of undici's `Agent`; `connect` are options of connections (and of TLS), not a function. */
export interface DispatcherOptions extends Omit<Agent.Options, 'connect' | 'factory'> {
  readonly connect?: buildConnector.BuildOptions
}

/**
 * What makes `fetch(url, { dispatcher })` go through a stack: an `Agent` of undici, the library that Node's `fetch` is,
 * whose connections are the stack's. Close it as any agent: `await dispatcher.close()`.
 *
 * @param net an object of `createNet(stack)`, or the stack
 */
export function createDispatcher(net: TapwireNet | NetStack, options: DispatcherOptions = {}): Agent {
  const own = 'createConnection' in net ? net : createNet(net)
  const { connect: connection = {}, ...rest } = options
  return new Agent({ ...rest, connect: connectorOver(own, { ...connectionOptions(rest), ...connection }) })
}

/** What an agent's options say of connections: undici hands it to its own connector, and to no other. */
function connectionOptions(options: Agent.Options): buildConnector.BuildOptions {
  const { connectTimeout, allowH2, maxCachedSessions, autoSelectFamily, autoSelectFamilyAttemptTimeout } =
    options
  const said = {
    timeout: connectTimeout,
    allowH2,
    maxCachedSessions,
    autoSelectFamily,
    autoSelectFamilyAttemptTimeout,
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}

/** TLS is undici's own, put on our connection as it would be on that of a proxy. */
function connectorOver(net: TapwireNet, options: buildConnector.BuildOptions): buildConnector.connector {
  const overTls = buildConnector(options)
  // The time to connect in is no socket's time to be idle.
  const { timeout, ...settings } = options
  return (target, callback) => {
    const secure = target.protocol === 'https:'
    const socket = net.connect({
      ...(settings as Partial<TcpSocketConnectOpts>),
      localAddress: target.localAddress ?? undefined,
      port: Number(target.port) || (secure ? 443 : 80),
      host: target.hostname,
    })
    socket.setNoDelay(true)
    if (options.keepAlive !== false)
      socket.setKeepAlive(true, options.keepAliveInitialDelay ?? KEEPALIVE_DELAY)
    if (!secure) {
      whenConnected(socket, timeout ?? CONNECT_TIMEOUT, callback)
      return
    }
    const settle = once(callback)
    socket.once('error', (error) => settle(error, null))
    overTls({ ...target, httpSocket: socket }, (...outcome) => {
      if (outcome[0] !== null) socket.destroy()
      settle(...outcome)
    })
  }
}

/** The first outcome counts: a connection that fails under TLS is told by both. */
function once(callback: buildConnector.Callback): buildConnector.Callback {
  let told = false
  return (...outcome) => {
    if (told) return
    told = true
    callback(...outcome)
  }
}

/** @param timeout milliseconds; 0 waits as long as TCP does */
function whenConnected(socket: Socket, timeout: number, callback: buildConnector.Callback): void {
  const late = (): void => {
    const error = new Error(`Connect Timeout Error (timeout: ${timeout}ms)`)
    socket.destroy(Object.assign(error, { name: 'ConnectTimeoutError', code: 'UND_ERR_CONNECT_TIMEOUT' }))
  }
  const timer = timeout > 0 ? setTimeout(late, timeout) : undefined
  const failed = (error: Error): void => {
    clearTimeout(timer)
    callback(error, null)
  }
  socket.once('error', failed)
  socket.once('connect', () => {
    clearTimeout(timer)
    socket.off('error', failed)
    callback(null, socket)
  })
}
