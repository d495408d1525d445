import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeScenario, encodeScenario } from '../../src/model/scenario/address.ts'
import { ScenarioError } from '../../src/model/scenario/checks.ts'
import { defaultScenario } from '../../src/model/scenario/default.ts'
import { validateScenario } from '../../src/model/scenario/validate.ts'
import type { Scenario } from '../../src/model/scenario.ts'
import { scenarios } from './arbitrary-scenario.ts'

describe('validating', () => {
  const change = (changes: object): unknown => ({ ...defaultScenario, ...changes })
  const hosts = (A: object) => change({ hosts: { A, B: {} } })

  test.each([
    [null, 'A scenario must be an object, and not null'],
    [[], 'A scenario must be an object, and not []'],
    [{}, 'version must be 1, and not left out'],
    [change({ version: 2 }), 'The scenario is of version 2; this lab knows version 1'],
    [change({ speed: 1 }), "A scenario has no 'speed'"],
    [change({ seed: -1 }), 'seed must be a whole number from 0 to 4294967295, and not -1'],
    [change({ seed: 0.5 }), 'seed must be a whole number from 0 to 4294967295, and not 0.5'],
    [change({ ip: 5 }), 'ip must be 4 or 6, and not 5'],
    [change({ duration: Number.NaN }), 'duration must be a number from 1 to 3600000, and not NaN'],
    [change({ duration: '9' }), "duration must be a number from 1 to 3600000, and not '9'"],
    [hosts({ sack: 1 }), 'hosts.A.sack must be true or false, and not 1'],
    [hosts({ nagle: true }), "hosts.A has no 'nagle'"],
    [
      hosts({ congestion: 'vegas' }),
      "hosts.A.congestion must be 'cubic' or 'newreno' or 'bbr', and not 'vegas'",
    ],
    [change({ flows: [] }), 'flows must be a list of 1 to 8, and not []'],
    [change({ flows: [{ app: 'telnet' }] }), /^flows\[0\]\.app must be 'bulk', .* and not 'telnet'$/],
    [
      change({ flows: [{ app: 'bulk', from: 'C', bytes: 1 }] }),
      "flows[0].from must be 'A' or 'B', and not 'C'",
    ],
    [change({ flows: [{ app: 'idle', bytes: 1 }] }), "flows[0] has no 'bytes'"],
    [change({ link: { 'A→B': { latency: 1 } } }), 'link.B→A must be an object, and not left out'],
    [
      change({ link: { 'A→B': { latency: 1, loss: 2 }, 'B→A': { latency: 1 } } }),
      'link.A→B.loss must be a number from 0 to 1, and not 2',
    ],
    [
      change({ actions: [{ at: 1, do: 'dance' }] }),
      /^actions\[0\]\.do must be 'dropNext', .* and not 'dance'$/,
    ],
    [
      change({ actions: [{ at: 1, do: 'close', host: 'A', flow: 1 }] }),
      'actions[0].flow must be one of the 1 flows, and not 1',
    ],
    [
      change({ actions: [{ at: 1, do: 'forge', way: 'A→B', flags: 'X', seq: 0, ack: 0, bytes: 0 }] }),
      "actions[0].flags must be letters of SFRPAUEW, and not 'X'",
    ],
  ])('%j is refused in one sentence', (json, message) => {
    expect(() => validateScenario(json)).toThrow(ScenarioError)
    expect(() => validateScenario(json)).toThrow(message)
  })

  test('what is good stays as it is, and actions come in order of time', () => {
    expect(validateScenario(defaultScenario)).toEqual(defaultScenario)
    const later = { at: 5, do: 'dropNext', way: 'A→B' } as const
    const sooner = { at: 1, do: 'drop', segment: 3 } as const
    expect(validateScenario({ ...defaultScenario, actions: [later, sooner] }).actions).toEqual([
      sooner,
      later,
    ])
  })

  test('whatever JSON it is given, it gives a scenario or a ScenarioError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(defaultScenario)), (value, key) => {
        try {
          validateScenario({ ...defaultScenario, [key]: value })
        } catch (error) {
          expect(error).toBeInstanceOf(ScenarioError)
        }
      }),
    )
  })
})

describe('the scenario in an address', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const text = encodeScenario(scenario)
        expect(text).toMatch(/^[A-Za-z0-9_.~!*()'-]*$/)
        expect(decodeScenario(text)).toEqual(scenario)
      }),
      { numRuns: 300 },
    )
  })

  test('is short: only what differs from the default stands in it', () => {
    expect(encodeScenario(defaultScenario)).toBe('1()')
    expect(encodeScenario({ ...defaultScenario, seed: 7 })).toBe('1(b.7)')
    const { 'A→B': there, 'B→A': back } = defaultScenario.link
    const lossy: Scenario = { ...defaultScenario, link: { 'A→B': { ...there, loss: 0.01 }, 'B→A': back } }
    expect(encodeScenario(lossy)).toBe('1(f.(l.(t.0.01)))')
    const { queue: _, ...noQueue } = there
    expect(encodeScenario({ ...defaultScenario, link: { 'A→B': noQueue, 'B→A': back } })).toBe(
      '1(f.(l.(q.N)))',
    )
  })

  test('of a newer version is refused with a word about it', () => {
    expect(() => decodeScenario('2()')).toThrow(
      'The address holds a scenario of version 2; this lab knows version 1',
    )
  })

  test('garbage gives a ScenarioError, and never anything else', () => {
    const damaged = fc
      .tuple(scenarios.map(encodeScenario), fc.nat(), fc.string({ maxLength: 3 }), fc.nat({ max: 3 }))
      .map(([text, at, put, cut]) => {
        const place = at % (text.length + 1)
        return text.slice(0, place) + put + text.slice(place + cut)
      })
    const notation = fc.string({ unit: fc.constantFrom(..."1(!~'_*abfl.0e-TFN)"), maxLength: 40 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          damaged,
          notation,
          notation.map((text) => `1${text}`),
        ),
        (text) => {
          try {
            expect(validateScenario(decodeScenario(text)).version).toBe(1)
          } catch (error) {
            expect(error).toBeInstanceOf(ScenarioError)
          }
        },
      ),
      { numRuns: 1000 },
    )
    for (const text of [
      '',
      '1',
      `1${'('.repeat(50_000)}`,
      `1${'!'.repeat(200_000)}`,
      '1(a._x',
      '1(__proto__.1)',
    ])
      expect(() => decodeScenario(text)).toThrow(ScenarioError)
  })
})
