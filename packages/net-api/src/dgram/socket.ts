import { AsyncResource } from 'node:async_hooks'
import type * as nodeDgram from 'node:dgram'
import { EventEmitter, errorMonitor } from 'node:events'
import { promisify } from 'node:util'
import type { Endpoint } from '../endpoint.ts'
import { errnoException, invalidFdType, invalidHandleType, missingArgs } from '../errors.ts'
import { validateNumber, validateString } from '../validate.ts'
import { type DgramContext, kContext } from './context.ts'
import {
  addressException,
  alreadyBound,
  badBufferSize,
  bufferSizeError,
  isConnected,
  notConnected,
  notRunning,
} from './errors.ts'
import type { HandleOwner, UdpHandle } from './handle.ts'
import { sendArgs, validateRemotePort } from './send-args.ts'
import { kState, type SocketState } from './state.ts'

type SendCallback = (error: Error | null, bytes?: number) => void

/** `dgram.Socket` over a stack. The fields are set by `initSocket`. */
export class Socket extends EventEmitter implements HandleOwner {
  declare readonly [kContext]: DgramContext
  declare readonly [kState]: SocketState
  declare type: nodeDgram.SocketType

  bind(port?: number, address?: string, callback?: () => void): this
  bind(port?: number, callback?: () => void): this
  bind(callback?: () => void): this
  bind(options: nodeDgram.BindOptions, callback?: () => void): this
  bind(...args: unknown[]): this {
    const state = this[kState]
    running(this)
    if (state.bound !== 'no') throw alreadyBound()
    state.bound = 'binding'
    const callback = args.at(-1)
    if (typeof callback === 'function') onceListening(this, callback as () => void)
    const [first, second] = args
    const options = typeof first === 'object' ? (first as Record<string, unknown> | null) : null
    refuseForeign(options)
    const port = options === null ? first : options.port
    const given = options === null ? (typeof second === 'function' ? '' : second) : options.address
    bindLater(this, port, (given as string) || (this.type === 'udp4' ? '0.0.0.0' : '::'))
    return this
  }

  connect(port: number, address?: string, callback?: () => void): void
  connect(port: number, callback: () => void): void
  connect(given: unknown, ...rest: unknown[]): void {
    const port = validateRemotePort(given)
    const callback = (typeof rest[0] === 'function' ? rest[0] : rest[1]) as ConnectCallback
    const address = typeof rest[0] === 'function' || rest[0] === undefined ? '' : rest[0]
    validateString(address, 'address')
    const state = this[kState]
    if (state.connected !== 'no') throw isConnected()
    state.connected = 'connecting'
    whenBound(this, () => connectNow(this, port, address, callback))
  }

  disconnect(): void {
    const state = this[kState]
    if (state.connected !== 'yes') throw notConnected()
    check((state.handle as UdpHandle).disconnect(), 'connect')
    state.connected = 'no'
  }

  send(...args: unknown[]): void {
    const state = this[kState]
    const connected = state.connected === 'yes'
    const { list, port: given, address: to, callback: last } = sendArgs(connected, args)
    const port = connected ? null : validateRemotePort(given)
    const callback = (typeof to === 'function' ? to : last) as SendCallback
    const address = typeof to === 'function' ? undefined : to
    if (address !== undefined && address !== null) validateString(address, 'address')
    running(this)
    const told = typeof callback === 'function' ? callback : undefined
    if (state.bound === 'no') this.bind({ port: 0, exclusive: true })
    if (state.bound !== 'yes') {
      // All over again, as it may be connected then.
      enqueue(this, () => this.send(list, port, address, told))
      return
    }
    const go = (error: Error | null, ip: string | null): void =>
      sendNow(this, error, { list, ip, address, port, callback: told })
    if (connected) go(null, null)
    else (state.handle as UdpHandle).lookup(address, go)
  }

  sendto(
    buffer: unknown,
    offset: number,
    length: number,
    port: number,
    address: string,
    callback?: SendCallback,
  ): void {
    validateNumber(offset, 'offset')
    validateNumber(length, 'length')
    validateNumber(port, 'port')
    validateString(address, 'address')
    this.send(buffer, offset, length, port, address, callback)
  }

  close(callback?: () => void): this {
    const state = this[kState]
    if (typeof callback === 'function') this.on('close', callback)
    if (state.queue !== undefined) {
      state.queue.push(() => this.close())
      return this
    }
    running(this)
    state.receiving = false
    state.handle?.close()
    state.handle = null
    process.nextTick(() => this.emit('close'))
    return this
  }

  address(): Endpoint {
    return endpointOf(running(this).getsockname(), 'getsockname')
  }

  remoteAddress(): Endpoint {
    const handle = running(this)
    if (this[kState].connected !== 'yes') throw notConnected()
    return endpointOf(handle.getpeername(), 'getpeername')
  }

  // Without a check of its own, a closed socket's handle fails as null does: so it is with Node.

  setBroadcast(enabled: boolean): void {
    check((this[kState].handle as UdpHandle).setBroadcast(Boolean(enabled)), 'setBroadcast')
  }

  setTTL(ttl: number): number {
    validateNumber(ttl, 'ttl')
    check((this[kState].handle as UdpHandle).setTTL(ttl), 'setTTL')
    return ttl
  }

  setMulticastTTL(ttl: number): number {
    validateNumber(ttl, 'ttl')
    check((this[kState].handle as UdpHandle).setMulticastTTL(ttl), 'setMulticastTTL')
    return ttl
  }

  setMulticastLoopback(enabled: boolean): boolean {
    check((this[kState].handle as UdpHandle).setMulticastLoopback(Boolean(enabled)), 'setMulticastLoopback')
    return enabled
  }

  setMulticastInterface(interfaceAddress: string): void {
    const handle = running(this)
    validateString(interfaceAddress, 'interfaceAddress')
    check(handle.setMulticastInterface(interfaceAddress), 'setMulticastInterface')
  }

  addMembership(multicastAddress: string, interfaceAddress?: string): void {
    const handle = running(this)
    if (!multicastAddress) throw missingArgs('multicastAddress')
    check(handle.addMembership(multicastAddress, interfaceAddress), 'addMembership')
  }

  dropMembership(multicastAddress: string, interfaceAddress?: string): void {
    const handle = running(this)
    if (!multicastAddress) throw missingArgs('multicastAddress')
    check(handle.dropMembership(multicastAddress, interfaceAddress), 'dropMembership')
  }

  addSourceSpecificMembership(source: string, group: string, interfaceAddress?: string): void {
    const handle = running(this)
    validateString(source, 'sourceAddress')
    validateString(group, 'groupAddress')
    const code = handle.addSourceSpecificMembership(source, group, interfaceAddress)
    check(code, 'addSourceSpecificMembership')
  }

  dropSourceSpecificMembership(source: string, group: string, interfaceAddress?: string): void {
    const handle = running(this)
    validateString(source, 'sourceAddress')
    validateString(group, 'groupAddress')
    const code = handle.dropSourceSpecificMembership(source, group, interfaceAddress)
    check(code, 'dropSourceSpecificMembership')
  }

  setRecvBufferSize(size: number): void {
    bufferSize(this, size, 'receive')
  }

  setSendBufferSize(size: number): void {
    bufferSize(this, size, 'send')
  }

  getRecvBufferSize(): number {
    return bufferSize(this, 0, 'receive')
  }

  getSendBufferSize(): number {
    return bufferSize(this, 0, 'send')
  }

  getSendQueueSize(): number {
    return (this[kState].handle as UdpHandle).getSendQueueSize()
  }

  getSendQueueCount(): number {
    return (this[kState].handle as UdpHandle).getSendQueueCount()
  }

  ref(): this {
    this[kState].handle?.ref()
    return this
  }

  unref(): this {
    this[kState].handle?.unref()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this[kState].handle !== null) await promisify(this.close).call(this)
  }

  onHandleMessage(bytes: Buffer, from: Endpoint): void {
    const { address, family, port } = from
    this.emit('message', bytes, { address, family, port, size: bytes.length })
  }

  onHandleError(code: string): void {
    this.emit('error', errnoException(code, 'recvmsg'))
  }

  onHandleGone(): void {
    if (this[kState].handle === null) return
    this[kState].queue = undefined
    this.close()
  }
}

type ConnectCallback = ((error?: Error) => void) | undefined

/** @throws ERR_SOCKET_DGRAM_NOT_RUNNING */
function running(socket: Socket): UdpHandle {
  const { handle } = socket[kState]
  if (handle === null) throw notRunning()
  return handle
}

function check(code: string | 0, syscall: string): void {
  if (code !== 0) throw errnoException(code, syscall)
}

function endpointOf(result: Endpoint | string, syscall: string): Endpoint {
  if (typeof result === 'string') throw errnoException(result, syscall)
  return result
}

function bufferSize(socket: Socket, size: unknown, which: 'receive' | 'send'): number {
  if (typeof size !== 'number' || size >>> 0 !== size) throw badBufferSize()
  const result = (socket[kState].handle as UdpHandle).bufferSize(size, which)
  if (typeof result === 'number') return result
  throw bufferSizeError(result, which === 'receive' ? 'uv_recv_buffer_size' : 'uv_send_buffer_size')
}

// ---- binding -----------------------------------------------------------------------------------------------------

function onceListening(socket: Socket, callback: () => void): void {
  const remove = (): void => {
    socket.removeListener('error', remove)
    socket.removeListener('listening', listening)
  }
  const listening = (): void => {
    remove()
    callback.call(socket)
  }
  socket.on('error', remove)
  socket.on('listening', listening)
}

/** Handles and descriptors are the operating system's. */
function refuseForeign(options: Record<string, unknown> | null): void {
  if (options === null) return
  if (typeof options.recvStart === 'function') throw invalidHandleType()
  if (Number.isInteger(options.fd) && (options.fd as number) > 0) throw invalidFdType('UNKNOWN')
}

function bindLater(socket: Socket, port: unknown, address: string): void {
  const state = socket[kState]
  const handle = state.handle as UdpHandle
  handle.lookup(address, (error, ip) => {
    // Closed in the meantime.
    if (state.handle === null) return
    const code = error === null ? state.handle.bind(ip, Number(port || 0) >>> 0, flagsOf(state)) : 0
    if (error === null && code === 0) {
      startListening(socket, state.handle)
      return
    }
    state.bound = 'no'
    socket.emit('error', error ?? addressException(code as string, 'bind', ip, port))
  })
}

function flagsOf(state: SocketState): { reuseAddress: boolean; ipv6Only: boolean } {
  return { reuseAddress: state.reuseAddr, ipv6Only: state.ipv6Only }
}

function startListening(socket: Socket, handle: UdpHandle): void {
  const state = socket[kState]
  handle.recvStart()
  state.receiving = true
  state.bound = 'yes'
  if (state.recvBufferSize) bufferSize(socket, state.recvBufferSize, 'receive')
  if (state.sendBufferSize) bufferSize(socket, state.sendBufferSize, 'send')
  socket.emit('listening')
}

function whenBound(socket: Socket, action: () => void): void {
  const state = socket[kState]
  if (state.bound === 'no') socket.bind({ port: 0, exclusive: true })
  if (state.bound === 'yes') action()
  else enqueue(socket, action)
}

/** What waits for 'listening' is forgotten when 'error' comes instead. */
function enqueue(socket: Socket, action: () => void): void {
  const state = socket[kState]
  if (state.queue !== undefined) {
    state.queue.push(action)
    return
  }
  state.queue = [action]
  const failed = (): void => {
    socket.removeListener('listening', bound)
    state.queue = undefined
  }
  const bound = (): void => {
    socket.removeListener(errorMonitor, failed)
    const queue = state.queue ?? []
    state.queue = undefined
    for (const waiting of queue) waiting()
  }
  socket.once(errorMonitor, failed)
  socket.once('listening', bound)
}

// ---- connecting and sending --------------------------------------------------------------------------------------

function connectNow(socket: Socket, port: number, address: string, callback: ConnectCallback): void {
  const state = socket[kState]
  const handle = state.handle as UdpHandle
  if (callback) socket.once('connect', callback)
  handle.lookup(address, (error, ip) => {
    if (state.handle === null) return
    const code = error === null ? state.handle.connect(ip, port) : 0
    const failure = error ?? (code === 0 ? null : addressException(code, 'connect', address, port))
    if (failure === null) {
      state.connected = 'yes'
      process.nextTick(() => socket.emit('connect'))
      return
    }
    state.connected = 'no'
    process.nextTick(() => {
      if (callback) {
        socket.removeListener('connect', callback)
        callback(failure)
      } else socket.emit('error', failure)
    })
  })
}

interface SendRequest {
  readonly list: readonly Uint8Array[]
  readonly ip: string | null
  readonly address: unknown
  readonly port: number | null
  readonly callback: SendCallback | undefined
}

function sendNow(socket: Socket, error: Error | null, request: SendRequest): void {
  const { list, ip, address, port, callback } = request
  if (error !== null) {
    if (callback !== undefined) process.nextTick(callback, error)
    else process.nextTick(() => socket.emit('error', error))
    return
  }
  const { handle } = socket[kState]
  if (handle === null) return
  const bytes = list.length === 1 ? list[0] : Buffer.concat(list)
  const failure = (code: string): Error => addressException(code, 'send', address, port)
  const resource = callback === undefined ? null : new AsyncResource('UDPSENDWRAP')
  const result = handle.send(bytes, ip, port ?? 0, (code, size) => {
    resource?.runInAsyncScope(() => callback?.(code === null ? null : failure(code), size))
  })
  if (callback === undefined || result === 0) return
  // Without a callback nobody is told of what the network refused.
  if (typeof result === 'string') process.nextTick(callback, failure(result))
  else process.nextTick(callback, null, result - 1)
}
