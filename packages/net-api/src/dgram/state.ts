import type { UdpHandle } from './handle.ts'

/** The fields of a socket that are its own business. */
export interface SocketState {
  /** Null when closed. */
  handle: UdpHandle | null
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
