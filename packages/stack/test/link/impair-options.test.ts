import { describe, expect, test } from 'vitest'
import { impair } from '../../src/link/impair.ts'
import { numbered } from './helpers.ts'
import { impaired } from './impaired.ts'

const RANGE = 'ERR_OUT_OF_RANGE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const nowhere = { reorderDelay: 1 }

/** A wrong value of each option, what the error names, and its code. */
const WRONG: [object, string, string][] = [
  [{ latency: -1 }, 'latency', RANGE],
  [{ latency: '5' }, 'latency', VALUE],
  [{ latency: null }, 'latency', VALUE],
  [{ jitter: 3_600_001 }, 'jitter', RANGE],
  [{ jitter: Number.NaN }, 'jitter', RANGE],
  [{ jitterDistribution: 'gauss' }, 'jitterDistribution', VALUE],
  [{ jitterDistribution: null }, 'jitterDistribution', VALUE],
  [{ jitterCorrelation: 1 }, 'jitterCorrelation', RANGE],
  [{ jitterCorrelation: -0.1 }, 'jitterCorrelation', RANGE],
  [{ jitterInOrder: 1 }, 'jitterInOrder', VALUE],
  [{ bandwidth: 0 }, 'bandwidth', RANGE],
  [{ bandwidth: '10M' }, 'bandwidth', VALUE],
  [{ queue: -1 }, 'queue', RANGE],
  [{ queue: 64 * 1024 * 1024 + 1 }, 'queue', RANGE],
  [{ queue: null }, 'queue', VALUE],
  [{ queue: 'big' }, 'queue', VALUE],
  [{ queue: {} }, 'queue', VALUE],
  [{ queue: { packets: -1 } }, 'queue.packets', RANGE],
  [{ queue: { packets: 65_537 } }, 'queue.packets', RANGE],
  [{ queue: { bytes: 1e12 } }, 'queue.bytes', RANGE],
  [{ queue: { frames: 3 } }, 'frames', VALUE],
  [{ codel: 5 }, 'codel', VALUE],
  [{ codel: null }, 'codel', VALUE],
  [{ codel: { target: 0 } }, 'codel.target', RANGE],
  [{ codel: { interval: -5 } }, 'codel.interval', RANGE],
  [{ codel: { interval: '5' } }, 'codel.interval', VALUE],
  [{ codel: { ecn: true } }, 'ecn', VALUE],
  [{ ecn: 'yes' }, 'ecn', VALUE],
  [{ markAbove: -1 }, 'markAbove', RANGE],
  [{ markAbove: true }, 'markAbove', VALUE],
  [{ markAbove: { packets: Number.NaN } }, 'markAbove.packets', RANGE],
  [{ mark: 1.1 }, 'mark', RANGE],
  [{ policer: 5 }, 'policer', VALUE],
  [{ policer: {} }, 'policer.rate', RANGE],
  [{ policer: { rate: 0, burst: 1 } }, 'policer.rate', RANGE],
  [{ policer: { rate: 1e6 } }, 'policer.burst', RANGE],
  [{ policer: { rate: 1e6, burst: 0 } }, 'policer.burst', RANGE],
  [{ policer: { rate: 1e6, burst: 1e9 } }, 'policer.burst', RANGE],
  [{ policer: { rate: '1e6', burst: 1 } }, 'policer.rate', VALUE],
  [{ policer: { rate: 1e6, burst: 1, mark: true } }, 'mark', VALUE],
  [{ loss: 1.1 }, 'loss', RANGE],
  [{ loss: '5%' }, 'loss', VALUE],
  [{ loss: null }, 'loss', VALUE],
  [{ loss: {} }, 'loss.toBad', RANGE],
  [{ loss: { toBad: 0.1 } }, 'loss.toGood', RANGE],
  [{ loss: { toBad: 2, toGood: 1 } }, 'loss.toBad', RANGE],
  [{ loss: { toBad: 0.1, toGood: 1, lossBad: 2 } }, 'loss.lossBad', RANGE],
  [{ loss: { toBad: 0.1, toGood: 1, lossGood: -1 } }, 'loss.lossGood', RANGE],
  [{ loss: { toBad: 0.1, toGood: 1, p: 1 } }, 'p', VALUE],
  [{ duplicate: -0.1 }, 'duplicate', RANGE],
  [{ reorder: 2, ...nowhere }, 'reorder', RANGE],
  [{ reorder: 0.5 }, 'reorder', VALUE],
  [{ reorderGap: 5 }, 'reorderGap', VALUE],
  [{ reorderGap: 2.5, ...nowhere }, 'reorderGap', RANGE],
  [{ reorderGap: -1, ...nowhere }, 'reorderGap', RANGE],
  [{ reorderDelay: -1 }, 'reorderDelay', RANGE],
  [{ corrupt: 7 }, 'corrupt', RANGE],
  [{ corruptBits: 0 }, 'corruptBits', RANGE],
  [{ corruptBits: 65 }, 'corruptBits', RANGE],
  [{ corruptBits: 1.5 }, 'corruptBits', RANGE],
  [{ pathMtu: 67 }, 'pathMtu', RANGE],
  [{ pathMtu: '1400' }, 'pathMtu', VALUE],
  [{ tooBig: 'fragment' }, 'tooBig', VALUE],
  [{ script: {} }, 'script', VALUE],
  [{ script: 'drop' }, 'script', VALUE],
  [{ script: [null] }, 'script[0]', VALUE],
  [{ script: [{}] }, 'script[0].do', VALUE],
  [{ script: [{ do: 'lose' }] }, 'script[0].do', VALUE],
  [{ script: [{ do: 'drop' }, { do: 'delay' }] }, 'script[1].delay', RANGE],
  [{ script: [{ do: 'delay', delay: -1 }] }, 'script[0].delay', RANGE],
  [{ script: [{ do: 'drop', match: 'psh' }] }, 'script[0].match', VALUE],
  [{ script: [{ do: 'drop', nth: 0 }] }, 'script[0].nth', RANGE],
  [{ script: [{ do: 'drop', nth: [1, 2.5] }] }, 'script[0].nth', RANGE],
  [{ script: [{ do: 'drop', nth: '3' }] }, 'script[0].nth', VALUE],
  [{ script: [{ do: 'drop', which: 3 }] }, 'which', VALUE],
  [{ filter: 'drop' }, 'filter', VALUE],
]

describe('options of impair', () => {
  test.each(WRONG)('%o is refused by name: %s, %s', (options, name, code) => {
    const { bad } = impaired()
    const error = expect.objectContaining({ code, message: expect.stringContaining(`'${name}'`) })
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => impair(bad, options as any)).toThrow(error)
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => bad.set(options as any)).toThrow(error)
  })

  test.each([
    [{ direction: 'up' }, 'direction'],
    [{ seed: 1.5 }, 'seed'],
    [{ seed: '1' }, 'seed'],
    [{ seed: Number.NaN }, 'seed'],
    [{ clock: {} }, 'clock'],
    [{ clock: null }, 'clock'],
  ])('%o is refused by name when made', (options, name) => {
    const error = expect.objectContaining({ code: VALUE, message: expect.stringContaining(`'${name}'`) })
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => impair(impaired().bad, options as any)).toThrow(error)
  })

  test('an unknown option is refused by its name, with those that there are; set takes no options of impair', () => {
    const { bad } = impaired()
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    const wrong = { delay: 5 } as any
    expect(() => impair(bad, wrong)).toThrow(
      expect.objectContaining({
        code: VALUE,
        message: expect.stringMatching(/^The options of 'impair' have no 'delay'.*latency.*seed/),
      }),
    )
    expect(() => bad.set(wrong)).toThrow(/^The options of 'set' have no 'delay'/)
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => bad.set({ seed: 3 } as any)).toThrow(/'seed'/)
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => bad.set({ loss: 0.5 }, 'up' as any)).toThrow(/'direction'/)
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => bad.set(null as any)).toThrow(/options of 'set' must be an object/)
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => impair(bad, { toString: 1 } as any)).toThrow(/no 'toString'/)
  })

  test('a refused set changes nothing, in neither direction', () => {
    const { bad, near, far, clock } = impaired({ latency: 10, reorderDelay: 1, reorderGap: 2 }, {})
    bad.set({ latency: 0, reorderGap: 0, reorderDelay: 0 }, 'in')
    bad.set({ reorderDelay: 0 }, 'out')
    // Right for 'out', which has a latency; wrong for 'in'.
    expect(() => bad.set({ reorder: 1, loss: 1 })).toThrow(/'reorder' needs/)
    near.send(numbered(1))
    far.send(numbered(1))
    clock.advance(9)
    expect([far.sink.frames.length, near.sink.frames.length]).toEqual([0, 1])
    clock.advance(1)
    expect(far.sink.frames.length).toBe(1)
  })

  test('null and false take back what was set; what is left out stays', () => {
    const { bad, near, far, clock, stats } = impaired({
      policer: { rate: 1, burst: 1 },
      script: [{ do: 'drop' }],
      filter: () => 'drop',
      pathMtu: 68,
      codel: true,
      loss: { toBad: 1, toGood: 0 },
      mark: 1,
    })
    for (const changes of [
      { filter: null },
      { script: null },
      { pathMtu: Number.POSITIVE_INFINITY },
      { loss: 0 },
      { policer: null },
      { codel: false },
      { mark: 0 },
    ]) {
      near.send(numbered(0, 1000))
      bad.set(changes)
    }
    near.send(numbered(1, 1000))
    clock.advance(1)
    expect(far.sink.numbers).toEqual([0, 0, 1])
    expect(stats.out).toMatchObject({ filtered: 1, scriptDropped: 1, tooBig: 1, lost: 1, policed: 1 })
    expect(bad.onTheWay.out).toBe(0)
  })
})
