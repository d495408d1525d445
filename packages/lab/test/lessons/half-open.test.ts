import { describe, expect, it } from 'vitest'
import { AtoB, all, BtoA, events, first } from '../../src/lessons/find.ts'
import { LESSONS } from '../../src/lessons/index.ts'
import { record } from './runs.ts'

describe('a host that vanished and comes back', () => {
  it('remembers nothing: what comes is answered with a RST (RFC 9293 section 3.5.1)', () => {
    const suggestion = LESSONS.find(({ id }) => id === 'keepalive')?.tryThis[0]?.scenario
    if (suggestion === undefined) throw new Error('The lesson suggests it no more')
    const run = record(suggestion)
    const [probe] = all(run, { ...AtoB, kind: 'probe' })
    const rst = first(run, { ...BtoA, kind: 'rst' })
    expect(probe.arrivedAt).not.toBeNull()
    expect(rst?.sentAt).toBe(probe.arrivedAt)
    expect(events(run, 'state', 'A').at(-1)?.event.to).toBe('CLOSED')
    expect(all(run, { ...AtoB, kind: 'probe' }).length).toBe(1)
  })
})
