import { TapwireError } from '../core/errors.ts'
import { type KnownOptions, refuseUnknown } from '../core/known-options.ts'
import { MILLISECOND, type Micros } from '../core/timer.ts'
import type { ConnectionSettings, PathMtuDiscovery } from './api.ts'
import { DSCP_MASK, type TcpConfig } from './config.ts'

/**
 * What one connection, or the listener that it came from, has been told for itself (socket options): 0 or -1 leaves it to the
 * stack. Records do not change, so that connections can share one.
 */
export class OwnSettings {
  /** 0: the stack's. */
  readonly ttl: number = 0
  /** -1: the stack's. */
  readonly trafficClass: number = -1
  readonly maxSegment: number = 0
  readonly sendBuffer: number = 0
  readonly receiveBuffer: number = 0
  readonly windowClamp: number = 0
  /** -1: the stack's. */
  readonly synRetries: number = -1
  /** 0: the stack's; below: none at all. */
  readonly finWait2: Micros = 0
  readonly dontFragment: boolean = true
  /** Whether ICMP is believed when it says that a packet was too big. */
  readonly heedsTooBig: boolean = true
}

/** Nothing has been said. */
export const NO_SETTINGS: OwnSettings = new OwnSettings()

const RANGES: { readonly [K in keyof ConnectionSettings]?: readonly [low: number, high: number] } = {
  ttl: [0, 255],
  trafficClass: [-1, 255],
  maxSegment: [0, 65_495],
  sendBuffer: [0, 1 << 30],
  receiveBuffer: [0, 1 << 30],
  windowClamp: [0, 1 << 30],
  synRetries: [-1, 127],
  finWait2: [-1, 3_600_000],
}

const KNOWN: KnownOptions<ConnectionSettings> = {
  ttl: true,
  trafficClass: true,
  maxSegment: true,
  sendBuffer: true,
  receiveBuffer: true,
  windowClamp: true,
  synRetries: true,
  finWait2: true,
  pathMtuDiscovery: true,
}

/** `own` with what is `given` put in. @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
export function withSettings(own: OwnSettings, given: ConnectionSettings | undefined): OwnSettings {
  if (given === undefined) return own
  refuseUnknown('settings of a connection', given, KNOWN)
  for (const [name, [low, high]] of Object.entries(RANGES) as [
    keyof ConnectionSettings,
    readonly [number, number],
  ][]) {
    const value = given[name]
    if (value === undefined || (Number.isInteger(value) && Number(value) >= low && Number(value) <= high))
      continue
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
    )
  }
  const discovery = checkDiscovery(given.pathMtuDiscovery)
  const { trafficClass, finWait2 } = given
  return Object.assign(new OwnSettings(), own, defined(given), {
    ...(trafficClass === undefined || trafficClass < 0 ? {} : { trafficClass: trafficClass & DSCP_MASK }),
    ...(finWait2 === undefined ? {} : { finWait2: finWait2 < 0 ? -1 : finWait2 * MILLISECOND }),
    ...(discovery === undefined
      ? {}
      : { dontFragment: discovery !== 'never', heedsTooBig: discovery === 'want' }),
  })
}

function defined({ pathMtuDiscovery: _, ...rest }: ConnectionSettings): Partial<OwnSettings> {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
}

function checkDiscovery(value: PathMtuDiscovery | undefined): PathMtuDiscovery | undefined {
  if (value === undefined || value === 'want' || value === 'never' || value === 'probe') return value
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `'pathMtuDiscovery' must be 'want', 'never' or 'probe'. Received ${String(value)}`,
  )
}

/** The receive buffer at the start. */
export function firstReceiveBuffer(config: TcpConfig, own: OwnSettings): number {
  return own.receiveBuffer > 0 ? own.receiveBuffer : config.receiveBuffer
}

/** What the receive buffer may become: no more than what somebody has asked for. */
function largestReceiveBuffer(config: TcpConfig, own: OwnSettings): number {
  return own.receiveBuffer > 0 ? own.receiveBuffer : config.receiveBufferMax
}

/** The largest window that will ever be offered: what the scale is for (Linux's tcp_select_initial_window). */
export function largestWindow(config: TcpConfig, own: OwnSettings): number {
  const largest = largestReceiveBuffer(config, own)
  return own.windowClamp > 0 ? Math.min(largest, own.windowClamp) : largest
}

/** The window of a SYN, which is never scaled (R7323-02). */
export function firstWindow(config: TcpConfig, own: OwnSettings): number {
  const buffer = firstReceiveBuffer(config, own)
  return Math.min(0xffff, own.windowClamp > 0 ? Math.min(buffer, own.windowClamp) : buffer)
}
