import { ADDRCONFIG, type LookupAddress, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { attemptAll, attemptOne } from './attempts.ts'
import { autoSelectFamilyDefaults } from './auto-select.ts'
import { kContext } from './context.ts'
import { invalidAddressFamily, invalidArgType, invalidHandleType, invalidIpAddress } from './errors.ts'
import { PipeHandle } from './ipc/pipe-handle.ts'
import { nodeBehaviour } from './node-version.ts'
import type { Socket } from './socket.ts'
import type { SocketOptions } from './socket-init.ts'
import {
  validateBoolean,
  validateFunction,
  validateInt32,
  validateNumber,
  validatePort,
  validateString,
  validateWithoutNullBytes,
} from './validate.ts'

/** Where a socket is to go, checked. */
export interface ConnectPlan {
  readonly host: string
  readonly port: number
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /** Whether the addresses of a name are tried in turn, over both families (RFC 8305). */
  readonly autoSelect: boolean
  /** Milliseconds for each address but the last. */
  readonly attemptTimeout: number
}

/** Checks the options (NK-06: what is wrong with them is thrown) and starts what comes first: a lookup, or an attempt. */
export function lookupAndConnect(socket: Socket, options: SocketOptions): void {
  const plan = planOf(options)
  // Node 22 and later.
  if (nodeBehaviour.hostWithoutNullBytes) validateWithoutNullBytes(plan.host, 'options.host')
  const family = isIP(plan.host)
  if (family !== 0) {
    // NK-07: an address is not looked up, but the attempt starts on the next tick all the same.
    process.nextTick(() => {
      if (socket.connecting) attemptOne(socket, plan, plan.host, family as 4 | 6)
    })
    return
  }
  if (options.lookup != null) validateFunction(options.lookup, 'options.lookup')
  socket._host = plan.host
  const wanted = lookupOptions(options)
  if (wanted.family !== 4 && wanted.family !== 6 && plan.localAddress === undefined && plan.autoSelect) {
    lookupAll(socket, options, plan, { ...wanted, all: true })
  } else lookupOne(socket, options, plan, wanted)
}

/** NK-04: the attempt begins at once, for there is nothing to look up. */
export function connectPipe(socket: Socket, path: string): void {
  validateString(path, 'options.path')
  if (!(socket._handle instanceof PipeHandle)) throw invalidHandleType()
  socket._handle.connect(path, socket)
}

function planOf(options: SocketOptions): ConnectPlan {
  const {
    localAddress,
    localPort,
    autoSelectFamily,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
  } = options
  if (localAddress && isIP(localAddress) === 0) throw invalidIpAddress(localAddress)
  if (localPort) validateNumber(localPort, 'options.localPort')
  const { port } = options
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw invalidArgType('options.port', ['number', 'string'], port)
  }
  const checkedPort = validatePort(port)
  if (autoSelectFamily != null) validateBoolean(autoSelectFamily, 'options.autoSelectFamily')
  if (attemptTimeout != null) validateInt32(attemptTimeout, 'options.autoSelectFamilyAttemptTimeout', 1)
  return {
    host: options.host || 'localhost',
    port: checkedPort,
    localAddress: localAddress || undefined,
    localPort: localPort || undefined,
    autoSelect: autoSelectFamily ?? autoSelectFamilyDefaults.enabled,
    attemptTimeout: Math.max(10, attemptTimeout ?? autoSelectFamilyDefaults.attemptTimeout),
  }
}

function lookupOptions(options: SocketOptions): LookupOptions {
  const { family } = options
  const number = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family
  const hints = options.hints || 0
  const bothFamilies = number !== 4 && number !== 6
  // Node asks only for families the machine has an address of, except on Windows.
  const wantedHints = bothFamilies && hints === 0 && process.platform !== 'win32' ? ADDRCONFIG : hints
  return { family: number as number, hints: wantedHints }
}

function lookupOne(socket: Socket, options: SocketOptions, plan: ConnectPlan, wanted: LookupOptions): void {
  const lookup = options.lookup ?? socket[kContext].lookup
  lookup(plan.host, wanted, (error, found, family) => {
    socket.emit('lookup', error, found, family, plan.host)
    if (!socket.connecting) return
    const problem = error ?? problemWith(found, family, options)
    if (problem !== null) failSoon(socket, problem)
    else {
      socket._unrefTimer()
      attemptOne(socket, plan, found as string, family as 4 | 6)
    }
  })
}

function lookupAll(socket: Socket, options: SocketOptions, plan: ConnectPlan, wanted: LookupOptions): void {
  const lookup = options.lookup ?? socket[kContext].lookup
  lookup(plan.host, wanted, (error, found) => {
    if (!socket.connecting) return
    if (error) {
      socket.emit('lookup', error, undefined, undefined, plan.host)
      failSoon(socket, error)
      return
    }
    const addresses = found as LookupAddress[]
    for (const { address, family } of addresses) {
      socket.emit('lookup', error, address, family, plan.host)
      if (!socket.connecting) return
    }
    startAttempts(socket, options, plan, addresses)
  })
}

function startAttempts(
  socket: Socket,
  options: SocketOptions,
  plan: ConnectPlan,
  addresses: readonly LookupAddress[],
): void {
  const targets = interleave(addresses)
  if (targets.length === 0) {
    const problem = problemWith(addresses[0]?.address, addresses[0]?.family, options)
    if (problem !== null) failSoon(socket, problem)
    return
  }
  socket._unrefTimer()
  if (targets.length === 1) attemptOne(socket, plan, targets[0].address, targets[0].family as 4 | 6)
  else attemptAll(socket, plan, targets)
}

/** NK-10: addresses of the two families alternate, beginning with the family that came first; each is tried once. */
function interleave(addresses: readonly LookupAddress[]): LookupAddress[] {
  const seen = new Set<string>()
  const usable = addresses.filter(({ address, family }) => {
    if (isIP(address) === 0 || (family !== 4 && family !== 6) || seen.has(address)) return false
    seen.add(address)
    return true
  })
  const first = usable.filter(({ family }) => family === usable[0].family)
  const second = usable.filter(({ family }) => family !== usable[0].family)
  const result: LookupAddress[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    if (i < first.length) result.push(first[i])
    if (i < second.length) result.push(second[i])
  }
  return result
}

/** NK-09 */
function problemWith(address: unknown, family: unknown, options: SocketOptions): Error | null {
  if (typeof address !== 'string' || isIP(address) === 0) return invalidIpAddress(address)
  if (family !== 4 && family !== 6) return invalidAddressFamily(family, options.host, options.port)
  return null
}

/** A lookup may answer at once; the one who called `connect` has no 'error' listener yet. */
function failSoon(socket: Socket, error: Error): void {
  process.nextTick(() => socket.destroy(error))
}
