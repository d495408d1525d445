import { describe, expect, it } from 'vitest'
import {
  type Alarm,
  createCable,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  VirtualClock,
} from '../../src/index.ts'

const CONNECTIONS = 10_000
const HOUR = 3_600_000

/** A clock that counts how often it wakes anybody. */
class CountingClock extends VirtualClock {
  wakeUps = 0

  override alarm(callback: () => void): Alarm {
    return super.alarm(() => {
      this.wakeUps++
      callback()
    })
  }

  override soon(callback: () => void): void {
    super.soon(() => {
      this.wakeUps++
      callback()
    })
  }
}

/** Two stacks, and so many connections between them on which all is quiet. */
function idle(): { clock: CountingClock; stacks: readonly [Stack, Stack]; connections: TcpConnection[] } {
  const clock = new CountingClock()
  const [left, right] = createCable({ clock })
  const stacks = [1, 2].map((seed) => new Stack({ clock, random: new SeededRandom(seed) })) as [Stack, Stack]
  stacks[0].addInterface(left, { addresses: ['10.0.0.1/24'] })
  stacks[1].addInterface(right, { addresses: ['10.0.0.2/24'] })
  stacks[1].tcp.listen(
    { port: 7 },
    {
      onConnection: (listener) => {
        while (listener.accept() !== null);
      },
    },
  )
  const address = parseAddress('10.0.0.2')!
  const connections = Array.from({ length: CONNECTIONS }, (_, i) => {
    const connection = stacks[0].tcp.connect({ address, port: 7, localPort: 20_000 + i }, {})
    if (i % 100 === 0) clock.advance(1)
    return connection
  })
  // The last handshakes, the neighbours' confirmation, the checks for conflicts.
  clock.advance(10 * 60_000)
  for (const { tcp } of stacks) expect(tcp.counters.established).toBe(CONNECTIONS)
  return { clock, stacks, connections }
}

describe('ten thousand idle connections', () => {
  it('wake nobody: no timer, no heartbeat, no frame', () => {
    const { clock, stacks } = idle()
    const said = stacks.map(({ tcp }) => tcp.counters.segmentsOut)
    clock.wakeUps = 0
    clock.advance(HOUR)
    expect(clock.wakeUps).toBe(0)
    for (const stack of stacks) {
      expect(stack.engine.timers.size).toBe(0)
      expect(stack.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
      expect(stack.tcp.sizes.connections).toBe(CONNECTIONS)
    }
    expect(stacks.map(({ tcp }) => tcp.counters.segmentsOut)).toEqual(said)
  })

  it('MUST-27 with keepalive: one probe each in two hours, one answer each, and nothing between', () => {
    const { clock, stacks, connections } = idle()
    const [prober, answerer] = stacks
    for (const connection of connections) connection.setKeepAlive(true)
    const before = stacks.map(({ tcp }) => tcp.counters.segmentsOut)
    for (let round = 1; round <= 3; round++) {
      clock.wakeUps = 0
      clock.advance(round === 1 ? 1.9 * HOUR : 1.8 * HOUR)
      expect(clock.wakeUps, 'between probes').toBe(0)
      clock.advance(0.2 * HOUR)
      expect(prober.tcp.counters.keepaliveProbes).toBe(CONNECTIONS * round)
      expect(prober.tcp.counters.segmentsOut - before[0]).toBe(CONNECTIONS * round)
      expect(answerer.tcp.counters.segmentsOut - before[1]).toBe(CONNECTIONS * round)
      expect(prober.engine.timers.size).toBeLessThanOrEqual(CONNECTIONS + 1)
    }
    expect(answerer.engine.timers.size).toBeLessThanOrEqual(1)
    expect(prober.tcp.sizes.connections).toBe(CONNECTIONS)
  })
})
