import { SeededRandom, Stack, type TcpSettings, type TcpTracer, type VirtualClock } from '@tapwire/stack'
import type { HostName, HostSettings } from '../scenario.ts'
import type { Places } from './addresses.ts'
import { other } from './addresses.ts'
import type { HostPort } from './host-port.ts'
import { introduce } from './neighbours.ts'

/** Bytes of memory for a host: its rings may grow to what TCP's defaults allow, for eight connections. */
const MEMORY = 32 * 1024 * 1024

export interface HostOptions {
  readonly clock: VirtualClock
  readonly seed: number
  readonly trace: TcpTracer
  /** Half-open connections that it holds at most. */
  readonly synBacklog: number | null
}

/** A host of the scenario: a real stack behind a port. */
export function createHost(
  name: HostName,
  settings: HostSettings,
  places: Places,
  port: HostPort,
  options: HostOptions,
): Stack {
  const { clock, seed, trace, synBacklog } = options
  const { address, prefix, gateway, gatewayMac } = places[name]
  const stack = new Stack({
    clock,
    random: new SeededRandom(seed),
    limits: { memory: MEMORY, ...(synBacklog === null ? {} : { synBacklog }) },
    tcp: tcpSettingsOf(settings),
    trace,
    conflictDetection: 'off',
  })
  stack.addInterface(port, { addresses: [`${address}/${prefix}`], gateway, linkLocal: false })
  port.deliver(introduce(places[name], gateway, gatewayMac))
  const peer = places[other(name)]
  if (samePrefix(peer.address, address)) port.deliver(introduce(places[name], peer.address, peer.mac))
  port.endBurst()
  return stack
}

function samePrefix(a: string, b: string): boolean {
  const end = a.includes(':') ? '::' : '.'
  return a.slice(0, a.lastIndexOf(end)) === b.slice(0, b.lastIndexOf(end))
}

function tcpSettingsOf(settings: HostSettings): TcpSettings {
  const { sendBuffer: _, receiveBuffer: __, maxSegment: ___, isn, ...tcp } = settings
  return { ...tcp, ...(isn === undefined ? {} : { initialSequence: isn }) }
}
