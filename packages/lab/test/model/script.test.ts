import { runScript } from '@tapwire/packetdrill'
import { describe, expect, test } from 'vitest'
import { createSimulation } from '../../src/model/create-simulation.ts'
import { toScript } from '../../src/model/export/script.ts'
import type { Recording } from '../../src/model/recording.ts'
import type { HostName, Scenario } from '../../src/model/scenario.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function run(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

const neat = { maxSegment: 1000, timestamps: false }
const line = { bandwidth: 10_000_000, queue: 20 }
const plain = { hosts: { A: {}, B: {} } }

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a transfer from A': scenarioOf(bulk(30_000)),
  'a transfer from B': scenarioOf({ app: 'bulk', from: 'B', bytes: 30_000 }),
  'with timestamps and full segments': scenarioOf(bulk(100_000), { ...plain, both: line }),
  'over IPv6': scenarioOf(bulk(30_000), { ...plain, ip: 6, both: line }),
  'a bottleneck that overflows': scenarioOf(bulk(200_000), { ...plain, both: { ...line, queue: 5 } }),
  'loss by chance': scenarioOf(bulk(100_000), { ...plain, both: { ...line, loss: 0.03 }, seed: 4 }),
  'loss without SACK': scenarioOf(bulk(60_000), {
    both: { ...line, loss: 0.03 },
    hosts: { A: { ...neat, sack: false }, B: { ...neat, sack: false } },
  }),
  'a lost tail': scenarioOf(
    { app: 'requests', request: 3000, response: 5000, times: 2, pause: 20 },
    { there: { dropData: [2] } },
  ),
  'a lost SYN': scenarioOf(bulk(3000), { there: { dropAny: [0] } }),
  'a window that shuts': scenarioOf(
    { app: 'slowReader', bytes: 20_000, read: 2000, every: 100, readFrom: 2000 },
    { hosts: { A: neat, B: { ...neat, receiveBuffer: 5000 } } },
  ),
  'typing with Nagle': scenarioOf({ app: 'typing', bytes: 3, times: 10, pause: 15 }),
  'typing without': scenarioOf({ app: 'typing', bytes: 3, times: 10, pause: 15, nagle: false }),
  'half a connection': scenarioOf({ app: 'halfClose', bytes: 1500, answer: 2500 }),
  'two SYNs that cross': scenarioOf({ app: 'simultaneousOpen', bytes: 500 }),
  'a router that says too big': scenarioOf(bulk(20_000), {
    ...plain,
    router: true,
    there: { ...line, mtu: 1300 },
  }),
  ECN: scenarioOf(bulk(60_000), {
    hosts: { A: { ecn: true }, B: { ecn: true } },
    both: { bandwidth: 2_000_000, queue: 5, ecn: true },
  }),
  'keepalive of a peer that is gone': scenarioOf({
    app: 'vanish',
    bytes: 500,
    who: 'B',
    at: 200,
    keepAlive: 5000,
  }),
  'an abort': scenarioOf(bulk(50_000), {
    both: line,
    actions: [{ at: 75, do: 'abort', host: 'A', flow: 0 }],
  }),
  'a forged RST': scenarioOf(
    { app: 'idle' },
    {
      duration: 3000,
      actions: [{ at: 100, do: 'forge', way: 'A→B', flags: 'R', seq: 100, ack: 0, bytes: 0 }],
    },
  ),
  'a SYN flood': scenarioOf({ app: 'synFlood', syns: 10, backlog: 20 }),
  'sequence numbers that wrap around': scenarioOf(bulk(20_000), {
    hosts: { A: { ...neat, isn: 0xffff_f000 }, B: { ...neat, isn: 0x7fff_ff00 } },
  }),
}

describe.each(Object.entries(SCENARIOS))('as a script: %s', (_, scenario) => {
  const recording = run(scenario)

  test.each(['A', 'B'] as const)('host %s passes', (host: HostName) => {
    const text = toScript(recording, { host, flow: 0 })
    const { error } = runScript(text)
    expect(error === null ? '' : `${error.message}\n${error.details?.join('\n') ?? ''}`).toBe('')
    expect(text.split('\n').filter((one) => / [<>] /.test(one)).length).toBeGreaterThan(2)
  })
})

test('a script that is changed does not pass', () => {
  const text = toScript(run(scenarioOf(bulk(3000))), { host: 'A', flow: 0 })
  const changed = text.replace(/> \. 1:1001\(1000\)/, '> . 1:901(900)')
  expect(changed).not.toBe(text)
  expect(runScript(changed).passed).toBe(false)
})

test('of a connection that there is not, or a live stack, there is none', () => {
  const recording = run(scenarioOf(bulk(3000)))
  expect(() => toScript(recording, { host: 'A', flow: 1 })).toThrow(RangeError)
  expect(() =>
    toScript({ ...recording, ends: recording.ends, scenario: null }, { host: 'A', flow: 0 }),
  ).toThrow(/live stack/)
})
