import fc from 'fast-check'
import { validateScenario } from '../../src/model/scenario/validate.ts'
import type { Scenario } from '../../src/model/scenario.ts'

const host = fc.constantFrom('A', 'B')
const way = fc.constantFrom('A→B', 'B→A')
const time = fc
  .oneof(fc.nat({ max: 300 }), fc.nat({ max: 5000 }), fc.double({ min: 0, max: 3_600_000, noNaN: true }))
  .map((t) => t + 0)
const chance = fc.double({ min: 0, max: 1, noNaN: true }).map((p) => p + 0)
const truth = fc.boolean()
const congestion = fc.constantFrom('cubic', 'newreno', 'bbr')
const bytes = fc.nat({ max: 200_000_000 })
const some = { requiredKeys: [] as never[] }

const hostSettings = fc.record(
  {
    congestion,
    sack: truth,
    rack: truth,
    tailLossProbe: truth,
    timestamps: truth,
    windowScaling: truth,
    ecn: truth,
    delayedAck: fc.nat({ max: 499 }),
    quickAck: truth,
    initialWindow: fc.integer({ min: 1, max: 1000 }),
    sendBuffer: fc.integer({ min: 1, max: 1 << 24 }),
    receiveBuffer: fc.integer({ min: 1, max: 1 << 24 }),
    maxSegment: fc.integer({ min: 88, max: 1460 }),
    slowStartAfterIdle: truth,
    synCookies: truth,
    mtuProbing: fc.constantFrom('blackHole', 'always', false),
    minRto: fc.integer({ min: 1, max: 60_000 }),
    initialRto: fc.integer({ min: 1, max: 120_000 }),
    isn: fc.nat({ max: 0xffff_ffff }),
  },
  some,
)

const linkFields = {
  jitter: fc.nat({ max: 10_000 }),
  bandwidth: fc.double({ min: 1000, max: 1e10, noNaN: true }),
  queue: fc.nat({ max: 65_536 }),
  codel: truth,
  ecn: truth,
  loss: chance,
  reorder: chance,
  reorderBy: fc.nat({ max: 10_000 }),
  duplicate: chance,
  corrupt: chance,
  mtu: fc.integer({ min: 68, max: 65_535 }),
  icmp: truth,
  dropData: fc.array(fc.nat({ max: 10_000 }), { maxLength: 5 }),
  dropAny: fc.array(fc.nat({ max: 10_000 }), { maxLength: 5 }),
}
const latency = fc.double({ min: 0, max: 10_000, noNaN: true }).map((ms) => ms + 0)
const linkSettings = fc.record({ latency, ...linkFields }, { requiredKeys: ['latency'] })

const flow = fc
  .tuple(
    fc.oneof(
      fc.record({ app: fc.constant('bulk'), from: host, bytes }),
      fc.record({ app: fc.constant('halfClose'), bytes, answer: bytes }),
      fc.record({ app: fc.constant('vanish'), bytes, who: host, at: time }),
      fc.record({
        app: fc.constant('synFlood'),
        syns: fc.integer({ min: 1, max: 10_000 }),
        backlog: fc.constant(8),
      }),
      fc.record({
        app: fc.constant('requests'),
        request: fc.integer({ min: 1, max: 5000 }),
        response: fc.integer({ min: 1, max: 20_000 }),
        times: fc.integer({ min: 1, max: 20 }),
        pause: time,
      }),
      fc.record({
        app: fc.constant('typing'),
        bytes: fc.integer({ min: 1, max: 2000 }),
        times: fc.integer({ min: 1, max: 50 }),
        pause: time,
      }),
      fc.record({
        app: fc.constant('slowReader'),
        bytes,
        read: fc.integer({ min: 1, max: 10_000 }),
        every: fc.integer({ min: 1, max: 5000 }),
        readFrom: time,
      }),
      fc.record({ app: fc.constant('simultaneousOpen'), bytes }),
      fc.constant({ app: 'idle' }),
    ),
    fc.record({ start: time, nagle: truth, congestion, keepAlive: fc.nat({ max: 32_767_000 }) }, some),
  )
  .map(([app, every]) => ({ ...app, ...every }))

const action = fc.oneof(
  fc.record(
    { at: time, do: fc.constant('dropNext'), way, data: truth },
    { requiredKeys: ['at', 'do', 'way'] },
  ),
  fc.record({
    at: time,
    do: fc.constant('flip'),
    segment: fc.nat({ max: 9999 }),
    bit: fc.nat({ max: 12_111 }),
  }),
  fc.record({
    at: time,
    do: fc.constant('forge'),
    way,
    flags: fc.constantFrom('R', 'SA', '', 'FPAUEW'),
    seq: fc.integer(),
    ack: fc.integer(),
    bytes: fc.nat({ max: 1400 }),
  }),
  fc.record({ at: time, do: fc.constant('link'), way, set: fc.record({ latency, ...linkFields }, some) }),
  fc.record({ at: time, do: fc.constant('abort'), host, flow: fc.constant(0) }),
)

/** Scenarios of all sorts, in the order in which `validateScenario` puts their keys. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    version: fc.constant(1),
    title: fc.string({ unit: 'binary', maxLength: 40 }),
    seed: fc.nat({ max: 0xffff_ffff }),
    ip: fc.constantFrom(4, 6),
    duration: fc.integer({ min: 1, max: 3_600_000 }),
    hosts: fc.record({ A: hostSettings, B: hostSettings }),
    link: fc.record({ 'A→B': linkSettings, 'B→A': linkSettings }),
    router: truth,
    flows: fc.array(flow, { minLength: 1, maxLength: 8 }),
    actions: fc.array(action, { maxLength: 6 }),
  })
  .map(validateScenario)
