import type { LookupAddress } from 'node:dns'
import type { ConnectFailure, ConnectTarget } from './begin-connection.ts'
import { isBlocked } from './block-list.ts'
import type { ConnectPlan } from './connect.ts'
import { kContext } from './context.ts'
import {
  attemptsFailed,
  connectionTimeout,
  hostPortException,
  ipBlocked,
  type SystemCallError,
} from './errors.ts'
import type { Socket } from './socket.ts'
import type { TcpHandle } from './tcp-handle.ts'
import { type IdleTimer, startIdleTimer } from './timeouts.ts'

/** One address, one handshake (NK-13, NK-14, NK-16 to NK-19). */
export function attemptOne(socket: Socket, plan: ConnectPlan, address: string, family: 4 | 6): void {
  if (isBlocked(socket.blockList, address)) {
    socket.emit('connectionAttempt', address, plan.port, family)
    socket.destroy(ipBlocked(address))
    return
  }
  const handle = socket._handle as TcpHandle
  const target: ConnectTarget = { ...plan, address, family }
  const failure = handle.connect(target, (code) => {
    if (socket.destroyed) return
    if (code === null) {
      socket._afterConnect()
      return
    }
    const error = refused(target, code)
    socket.connecting = false
    socket.emit('connectionAttemptFailed', address, plan.port, family, error)
    socket.destroy(error)
  })
  if (failure?.syscall === 'bind') {
    socket.destroy(bindError(target, failure))
    return
  }
  socket.emit('connectionAttempt', address, plan.port, family)
  if (failure !== null) socket.destroy(immediateError(target, failure))
}

/** The addresses of a name, one after the other until one answers (NK-10 to NK-15; DUAL-01: RFC 8305 with attempts in sequence). */
export function attemptAll(socket: Socket, plan: ConnectPlan, addresses: readonly LookupAddress[]): void {
  socket.autoSelectFamilyAttemptedAddresses = []
  new AttemptSeries(socket, plan, addresses).next()
}

class AttemptSeries {
  readonly #socket: Socket
  readonly #plan: ConnectPlan
  readonly #addresses: readonly LookupAddress[]
  readonly #errors: Error[] = []
  #current = -1
  #timer: IdleTimer | null = null

  constructor(socket: Socket, plan: ConnectPlan, addresses: readonly LookupAddress[]) {
    this.#socket = socket
    this.#plan = plan
    this.#addresses = addresses
  }

  next(): void {
    this.#timer?.clear()
    const socket = this.#socket
    if (socket._aborted || !socket.connecting) return
    this.#current++
    if (this.#current === this.#addresses.length) {
      socket.destroy(this.#errors.length === 0 ? connectionTimeout() : attemptsFailed(this.#errors))
      return
    }
    const { address, family } = this.#addresses[this.#current]
    // A series is of names, which `localAddress` excludes.
    this.#attempt({ ...this.#plan, localAddress: undefined, address, family: family as 4 | 6 })
  }

  #attempt(target: ConnectTarget): void {
    const socket = this.#socket
    const attempt = this.#current
    if (isBlocked(socket.blockList, target.address)) {
      this.#failed(target, ipBlocked(target.address))
      return
    }
    const handle = attempt === 0 ? (socket._handle as TcpHandle) : socket._newHandle(target.family)
    const failure = handle.connect(target, (code) => {
      if (attempt === this.#current) this.#finished(target, code)
    })
    if (failure?.syscall === 'bind') {
      this.#errors.push(bindError(target, failure))
      this.next()
      return
    }
    socket.emit('connectionAttempt', target.address, target.port, target.family)
    socket.autoSelectFamilyAttemptedAddresses.push(`${target.address}:${target.port}`)
    if (failure !== null) this.#failed(target, immediateError(target, failure))
    else if (attempt < this.#addresses.length - 1) this.#limit(target)
  }

  /** Every address but the last has only so long. */
  #limit(target: ConnectTarget): void {
    const { stack, turns } = this.#socket[kContext]
    this.#timer = startIdleTimer(stack.clock, turns, this.#plan.attemptTimeout, () => {
      if (!this.#socket.connecting) return
      this.#socket.emit('connectionAttemptTimeout', target.address, target.port, target.family)
      this.#errors.push(refused(target, 'ETIMEDOUT'))
      this.#socket._handle?.close()
      this.next()
    })
  }

  #finished(target: ConnectTarget, code: string | null): void {
    this.#timer?.clear()
    if (code !== null) this.#failed(target, refused(target, code))
    else if (!this.#socket.destroyed) this.#socket._afterConnect()
  }

  #failed(target: ConnectTarget, error: Error): void {
    this.#errors.push(error)
    this.#socket.emit('connectionAttemptFailed', target.address, target.port, target.family, error)
    this.next()
  }
}

/**
 * What the network answered to a handshake: NE-01 refused, NE-02 nobody answered, NE-04 nobody there. A local end that was asked for
 * is named (NK-17).
 */
function refused(target: ConnectTarget, code: string): SystemCallError {
  const { address, port, localPort } = target
  if (localPort === undefined) return hostPortException(code, 'connect', address, port)
  const localAddress = target.localAddress ?? (target.family === 4 ? '0.0.0.0' : '::')
  const error = hostPortException(code, 'connect', address, port, `${localAddress}:${localPort}`)
  return Object.assign(error, { localAddress, localPort })
}

/** A connection that could not even begin, as NE-03 and NE-11; the message names the local end, bound or not (NK-18). */
function immediateError(target: ConnectTarget, failure: ConnectFailure): SystemCallError {
  const any = target.family === 4 ? '0.0.0.0' : '::'
  const local = `${target.localAddress ?? any}:${target.localPort ?? 0}`
  return hostPortException(failure.code, 'connect', target.address, target.port, local)
}

/** NK-19, NE-08, NE-09 */
function bindError(target: ConnectTarget, failure: ConnectFailure): SystemCallError {
  const any = target.family === 4 ? '0.0.0.0' : '::'
  return hostPortException(failure.code, 'bind', target.localAddress ?? any, target.localPort)
}
