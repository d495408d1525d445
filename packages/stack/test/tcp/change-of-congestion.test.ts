import { describe, expect, it } from 'vitest'
import type { CongestionName } from '../../src/index.ts'
import { SenderScript, SIZE } from './sender-script.ts'

/** Twenty segments in flight, the first of which is lost; the algorithm is changed while that is being repaired. */
function repaired(from: CongestionName, to: CongestionName): SenderScript {
  const t = new SenderScript({ tcp: { congestion: from } })
  const n = t.open(20)
  t.write(60).wait(60).skip().wait(40)
  t.ack(n, [n + 1, n + 6]).skip()
  expect(t.counters.fastRecoveries).toBe(1)
  expect(t.info.recovery).toBe('recovery')
  t.connection.congestion = to
  t.wait(100)
    .skip()
    .ack(n + 20)
  expect(t.info.recovery).toBe('open')
  return t
}

describe('R5681-09 congestion control that is changed during a recovery', () => {
  it.each([
    ['bbr', 'cubic', 14],
    ['bbr', 'newreno', 10],
    ['newreno', 'cubic', 10],
    ['cubic', 'newreno', 10],
  ] as const)('from %s to %s: the loss counts as the new one has it, %i segments', (from, to, segments) => {
    expect(repaired(from, to).info.cwnd / SIZE).toBe(segments)
  })

  it('a timeout that the old one has answered with one segment: slow start, up to half', () => {
    const t = new SenderScript({ tcp: { congestion: 'bbr' } })
    const n = t.open(20)
    t.write(40).wait(60).skip().wait(1000).skip()
    expect(t.info.recovery).toBe('loss')
    t.connection.congestion = 'newreno'
    expect(t.info.ssthresh / SIZE).toBe(10)
    expect(t.info.cwnd / SIZE).toBe(1)
    t.ack(n + 1)
    expect(t.info.cwnd / SIZE).toBe(2)
  })
})
