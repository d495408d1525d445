import { describe, expect, it } from 'vitest'
import type { LinkDevice } from '../../src/index.ts'
import { claims, corpus } from './corpus.ts'
import { debugInvariants } from './invariants.ts'
import { LIMITS, LiveStack, MEMORY_BOUND, TIMER_BOUND } from './live-stack.ts'

const CASES = 4
const FRAMES = 1_000_000 / CASES
const FRAMES_PER_RESTOCK = 250

const DOORS: readonly { medium: LinkDevice['medium']; offloads: boolean }[] = [
  { medium: 'ethernet', offloads: false },
  { medium: 'ip', offloads: true },
]

/** Delivers frames in bursts, with the life of the stack in between. */
function storm(live: LiveStack, frames: number, next: () => void): void {
  const { dice, outside } = live
  const { device } = outside
  let burst = 0
  for (let i = 0; i < frames; i++) {
    if (burst-- === 0) {
      device.endBurst()
      device.refill(64)
      burst = dice.below(64)
    }
    next()
    if (i % FRAMES_PER_RESTOCK !== FRAMES_PER_RESTOCK - 1) continue
    outside.answerEcho()
    live.restock()
    debugInvariants(live.stack)
    checkTables(live)
  }
  device.endBurst()
}

function checkTables(live: LiveStack): void {
  const { ip, ipv4, ipv6, icmp } = live.stack
  expect(live.faults).toEqual([])
  expect(ip.router.paths.size).toBeLessThanOrEqual(LIMITS.paths)
  for (const { reassembler } of [ipv4, ipv6]) {
    expect(reassembler.size).toBeLessThanOrEqual(LIMITS.reassemblies)
    expect(reassembler.bytes).toBeLessThanOrEqual(LIMITS.reassemblyBytes)
  }
  expect(icmp.pending).toBeLessThanOrEqual(LIMITS.pings)
  for (const socket of live.udp) expect(socket.queuedBytes).toBeLessThanOrEqual(LIMITS.udpReceiveBuffer)
  expect(live.stack.memory.allocated - live.idleMemory).toBeLessThanOrEqual(MEMORY_BOUND)
  expect(live.stack.engine.timers.size).toBeLessThanOrEqual(TIMER_BOUND)
}

function sumOf(counters: object, ...names: string[]): number {
  return names.reduce((sum, name) => {
    const value = (counters as Record<string, unknown>)[name]
    if (typeof value !== 'number') throw new Error(`There is no counter '${name}'`)
    return sum + value
  }, 0)
}

function namesFrom(counters: object, start: RegExp): string[] {
  return Object.keys(counters).filter((name) => start.test(name))
}

/** Every frame is in exactly one of these: dropped for one reason, or handed on. */
function checkSums(live: LiveStack): void {
  const { stack, iface } = live
  const lo = stack.interfaces[0]
  const counters = stack.ip.counters
  expect(iface.counters.framesIn).toBe(live.outside.frames)
  let atDoor: number
  if (iface.medium === 'ethernet') {
    const link = (iface.link as unknown as { counters: object }).counters
    atDoor = sumOf(
      link,
      ...['dropRunt', 'dropForeign', 'dropNotJoined', 'dropOwnSource', 'dropGroupSource', 'dropVlan'],
      ...['dropUnknownType', 'dropBadLength', 'dropArpMalformed', 'dropArpBadHardware'],
      ...['arpRequestsIn', 'arpRepliesIn'],
    )
  } else atDoor = iface.counters.droppedVersion
  expect(atDoor + counters.packetsIn).toBe(live.outside.frames + lo.counters.framesIn)
  const dropped = namesFrom(counters, /^dropped/)
  const atIp = sumOf(counters, ...dropped, 'delivered', 'fragmentsIn', 'noNextHeader')
  expect(atIp).toBe(counters.packetsIn + counters.reassembled)
  const transports =
    stack.tcp.counters.segmentsIn +
    stack.udp.counters.datagramsIn +
    stack.icmp.counters.messagesIn +
    stack.icmp.counters.igmpMessagesIn
  expect(transports).toBe(counters.delivered)
}

/** Afterwards nothing is left, and before that the stack still works. */
async function checkEnd(live: LiveStack): Promise<void> {
  const { stack, clock, outside } = live
  const { device } = outside
  expect(device.problems).toEqual([])
  expect(iface(live).faults).toBe(0)
  checkSums(live)
  // A ping's result, whatever it is, comes once.
  clock.advance(200_000)
  expect(live.pingsEnded).toBe(live.pingsSent)
  // An address that was lost is checked for a while before it is ours again.
  live.restock()
  clock.advance(120_000)
  const echoes = stack.icmp.counters.echoRepliesOut
  device.refill(1000)
  outside.ask()
  expect(stack.icmp.counters.echoRepliesOut).toBe(echoes + 1)
  live.leaveSomethingGoingOn()
  await stack.close()
  expect(live.faults).toEqual([])
  clock.advance(400_000)
  expect(stack.engine.timers.size, 'timers that outlive their stack').toBe(0)
  expect(stack.memory.allocated, 'memory that outlives its stack').toBeLessThanOrEqual(live.idleMemory)
  expect(stack.tcp.sizes).toEqual({ connections: 0, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
}

function iface(live: LiveStack): LiveStack['iface']['counters'] {
  return live.iface.counters
}

describe.each(DOORS)('any frame at the $medium door (offloads: $offloads)', ({ medium, offloads }) => {
  const samples = corpus(medium === 'ethernet')
  const takeovers = medium === 'ethernet' ? claims() : []
  const reached: Record<string, number> = {}
  const seeds = Array.from({ length: CASES }, (_, i) => i + 1)

  it.each(seeds)(`${FRAMES} random frames, seed %i`, { timeout: 120_000 }, async (seed) => {
    const live = new LiveStack(medium, offloads, seed)
    storm(live, FRAMES, () => live.outside.randomFrame())
    const { delivered } = live.stack.ip.counters
    expect(delivered).toBeGreaterThan(FRAMES / 10)
    await checkEnd(live)
  })

  it.each(seeds)(`${FRAMES} mutated frames, seed %i`, { timeout: 120_000 }, async (seed) => {
    const live = new LiveStack(medium, offloads, 100 + seed)
    let count = 0
    storm(live, FRAMES, () => {
      live.outside.mutated(samples)
      if (++count % 20_000 === 0 && takeovers.length > 0)
        live.outside.claim(takeovers[count % takeovers.length])
    })
    if (takeovers.length > 0) expect(live.addressesLost).toBeGreaterThan(0)
    note(reached, live)
    await checkEnd(live)
  })

  // The mutations are mild enough for it.
  it('everything behind the door had something to do', () => {
    const never = Object.keys(reached).filter((name) => reached[name] === 0)
    expect(never, 'counters that never moved').toEqual([])
    expect(Object.keys(reached).length).toBeGreaterThan(30)
  })
})

/** Adds what this run has counted. */
function note(reached: Record<string, number>, live: LiveStack): void {
  const { tcp, udp, icmp, ip } = live.stack
  const counted: Record<string, number> = {
    ...pick(
      tcp.counters,
      'established',
      'accepted',
      'retransmitted',
      'outOfOrderIn',
      'challengeAcks',
      'resetsIn',
    ),
    ...pick(tcp.counters, 'resetsOut', 'droppedPaws', 'droppedOutOfWindow', 'droppedBadAck', 'timeWaits'),
    ...pick(tcp.counters, 'fastRecoveries', 'zeroWindowProbes', 'keepaliveProbes', 'droppedTooManyRanges'),
    ...pick(tcp.counters, 'malformedOptions', 'synCookiesSent', 'deviceFull', 'dsacksIn', 'tailProbes'),
    ...pick(udp.counters, 'delivered', 'droppedQueueFull', 'droppedLength', 'errorsIn'),
    ...pick(icmp.counters, 'errorsIn', 'errorsInUnmatched', 'errorsOut', 'echoRepliesOut', 'errorsLimited'),
    ...pick(ip.counters, 'reassembled', 'reassemblyOverlaps', 'reassemblyTimeouts', 'reassemblyEvicted'),
    ...pick(ip.counters, 'pathMtuReduced', 'pathsEvicted', 'droppedSourceRoute', 'droppedExtensionHeader'),
  }
  for (const [name, value] of Object.entries(counted)) reached[name] = (reached[name] ?? 0) + value
}

function pick(counters: object, ...names: string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, sumOf(counters, name)]))
}
