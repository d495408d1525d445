import type * as nodeDgram from 'node:dgram'
import { channel } from 'node:diagnostics_channel'
import { addAbortListener, EventEmitter } from 'node:events'
import type { LookupFunction } from 'node:net'
import type { NetStack } from '../context.ts'
import { derive, type Init } from '../derive.ts'
import { invalidFdType, outOfRange } from '../errors.ts'
import { Liveness } from '../liveness.ts'
import { lookupFor } from '../lookup.ts'
import { createTurns } from '../turns.ts'
import { validateAbortSignal, validateFunction, validateNumber } from '../validate.ts'
import { type DgramContext, kContext } from './context.ts'
import { badType } from './errors.ts'
import { UdpHandle } from './handle.ts'
import { contextLookup, type OwnLookup } from './lookup.ts'
import { Socket } from './socket.ts'
import { kState } from './state.ts'

/** Node's own channel: what watches its sockets sees these, too. */
const socketChannel = channel('udp.socket')

/** An object with the exported names of `node:dgram`, whose sockets are those of a stack. */
export type TapwireDgram = typeof nodeDgram

export interface DgramOptions {
  /** How names become addresses; see `NetOptions.lookup`. */
  readonly lookup?: LookupFunction
}

/** Node's `dgram` over a stack: `createDgram(stack).createSocket('udp4')`. */
export function createDgram(stack: NetStack, options: DgramOptions = {}): TapwireDgram {
  const context: DgramContext = {
    stack,
    turns: createTurns(stack.clock),
    liveness: new Liveness(),
    lookup: options.lookup ?? lookupFor(stack),
  }
  const Own = derive(Socket, EventEmitter, 'Socket', initSocket as Init<Socket>)
  Object.defineProperty(Own.prototype, kContext, { value: context })
  const dgram = {
    createSocket: (type: unknown, listener?: unknown) => new Own(type, listener),
    Socket: Own,
    _createSocketHandle: () => {
      throw invalidFdType('UNKNOWN')
    },
  }
  // The class is made by a function, which TypeScript cannot see the shape of; test/types.test.ts compares it.
  return dgram as unknown as TapwireDgram
}

type Options = Partial<Record<keyof nodeDgram.SocketOptions | 'signal', unknown>>

function initSocket(socket: Socket, given: unknown, listener: unknown): void {
  EventEmitter.call(socket as unknown as EventEmitter)
  const options: Options = given !== null && typeof given === 'object' ? given : {}
  const type = given !== null && typeof given === 'object' ? options.type : given
  const recvBufferSize = optionalSize(options.recvBufferSize, 'options.recvBufferSize')
  const sendBufferSize = optionalSize(options.sendBufferSize, 'options.sendBufferSize')
  if (type !== 'udp4' && type !== 'udp6') throw badType()
  if (options.lookup !== undefined) validateFunction(options.lookup, 'lookup')
  const context = socket[kContext]
  const lookup = (options.lookup as OwnLookup | undefined) ?? contextLookup(context)
  socket.type = type
  if (typeof listener === 'function') socket.on('message', listener as () => void)
  Object.defineProperty(socket, kState, {
    value: {
      handle: new UdpHandle(context, type === 'udp4' ? 4 : 6, socket, lookup),
      bound: 'no',
      connected: 'no',
      receiving: false,
      queue: undefined,
      reuseAddr: Boolean(options.reuseAddr),
      ipv6Only: Boolean(options.ipv6Only),
      recvBufferSize,
      sendBufferSize,
    },
  })
  if (options.signal !== undefined) closeOnAbort(socket, options.signal)
  if (socketChannel.hasSubscribers) socketChannel.publish({ socket })
}

function optionalSize(value: unknown, name: string): number | undefined {
  if (!value) return undefined
  validateNumber(value, name)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < 0 || value > 0xffff_ffff) throw outOfRange(name, '>= 0 && <= 4294967295', value)
  return value
}

function closeOnAbort(socket: Socket, signal: unknown): void {
  validateAbortSignal(signal, 'options.signal')
  const abort = (): void => {
    if (socket[kState].handle !== null) socket.close()
  }
  if (signal.aborted) {
    abort()
    return
  }
  const listening = addAbortListener(signal, abort)
  socket.once('close', () => listening[Symbol.dispose]())
}
