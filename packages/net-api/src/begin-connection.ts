import {
  type ConnectionHandler,
  type IpAddress,
  type ListenerHandler,
  parseAddress,
  TapwireError,
  type TcpConnection,
} from '@tapwire/stack'
import type { NetStack } from './context.ts'
import { destination, readAddress } from './endpoint.ts'

const ANY_V4 = parseAddress('0.0.0.0')
const NO_HANDLER: ListenerHandler = { onConnection: () => {} }

/** Why a connection could not be begun: which of the system calls of a kernel's socket would have failed, and how. */
export interface ConnectFailure {
  readonly syscall: 'bind' | 'connect'
  readonly code: string
}

export interface ConnectTarget {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
}

/** Begins a connection where a kernel would. @returns it, its handshake on the way; or why not */
export function beginConnection(
  stack: NetStack,
  target: ConnectTarget,
  handler: ConnectionHandler,
): TcpConnection | ConnectFailure {
  const { interfaces } = stack
  const remote = destination(target.address, interfaces)
  const local = target.localAddress === undefined ? null : readAddress(target.localAddress, interfaces)
  if (remote === null) return { syscall: 'connect', code: 'EINVAL' }
  if (portIsListenedOn(stack, target, local)) return { syscall: 'bind', code: 'EADDRINUSE' }
  try {
    return stack.tcp.connect(
      {
        address: remote,
        port: target.port,
        localAddress: local?.isUnspecified ? null : local,
        localPort: target.localPort ?? 0,
      },
      handler,
    )
  } catch (error) {
    return failureOf(error, target)
  }
}

/** NE-08: RFC 9293 lets a connection begin where somebody listens; a kernel's `bind` does not. */
function portIsListenedOn(
  stack: NetStack,
  { localPort, family }: ConnectTarget,
  local: IpAddress | null,
): boolean {
  if (!localPort) return false
  const address = local ?? (family === 4 ? ANY_V4 : null)
  const options = { address, port: localPort, ipv6Only: family === 6 }
  try {
    stack.tcp.listen(options, NO_HANDLER).close()
    return false
  } catch (error) {
    return error instanceof TapwireError && error.code === 'EADDRINUSE'
  }
}

/** NK-19, NK-18: what a kernel's `bind` would have refused, and what its `connect`. */
function failureOf(error: unknown, target: ConnectTarget): ConnectFailure {
  if (!(error instanceof TapwireError)) throw error
  const { code } = error
  const bound = target.localAddress !== undefined || Boolean(target.localPort)
  // A kernel lets several connections share a local end, until they want the same remote one, too.
  if (code === 'EADDRINUSE') return { syscall: 'connect', code: 'EADDRNOTAVAIL' }
  const bind = bound && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
  return { syscall: bind ? 'bind' : 'connect', code }
}
