import { isIP, type LookupFunction } from 'node:net'
import type { DgramContext } from './context.ts'
import type { UdpHandle } from './handle.ts'

/** What is called with the address of a name. */
export type Found = (error: Error | null, address: string) => void

/** What a socket was given as `lookup`: Node hands it the family alone. */
export type OwnLookup = (hostname: string, family: 4 | 6, callback: Found) => void

/** The fields of a socket that are its own business. */
export interface SocketState {
  /** Null when closed. */
  handle: UdpHandle | null
  readonly lookup: OwnLookup
  bound: 'no' | 'binding' | 'yes'
  connected: 'no' | 'connecting' | 'yes'
  receiving: boolean
  /** What is to be done once bound; undefined when nothing waits. */
  queue: (() => void)[] | undefined
  readonly reuseAddr: boolean
  readonly ipv6Only: boolean
  readonly recvBufferSize: number | undefined
  readonly sendBufferSize: number | undefined
}

export const kState = Symbol('tapwire.dgram.state')

/** The context's lookup; an address stands for itself, in the next tick. */
export function contextLookup({ lookup }: DgramContext): OwnLookup {
  return (hostname, family, callback) => {
    if (isIP(hostname) === 0) lookup(hostname, { family }, callback as Parameters<LookupFunction>[2])
    else process.nextTick(callback, null, hostname)
  }
}

/** Asks for an address; nothing at all means this host. */
export function lookUp(handle: UdpHandle, state: SocketState, name: unknown, found: Found): void {
  const { family } = handle
  state.lookup((name as string) || (family === 4 ? '127.0.0.1' : '::1'), family, found)
}
