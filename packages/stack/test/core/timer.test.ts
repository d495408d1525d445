import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NEVER, Timer, TimerQueue } from '../../src/core/timer.ts'

/** Enough for four levels of a heap in which each node has four children. */
const timers = 90
const action = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), timer: fc.nat(timers - 1), deadline: fc.nat(400) }),
  fc.record({ kind: fc.constant('setEarlier' as const), timer: fc.nat(timers - 1), deadline: fc.nat(400) }),
  fc.record({ kind: fc.constant('never' as const), timer: fc.nat(timers - 1) }),
  fc.record({ kind: fc.constant('clear' as const), timer: fc.nat(timers - 1) }),
  fc.record({ kind: fc.constant('expire' as const), now: fc.nat(200), budget: fc.nat(5) }),
)

describe('TimerQueue', () => {
  it('does what a sorted list does', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 200, maxLength: 500, size: 'max' }), (actions) => {
        const fired: number[] = []
        const queue = new TimerQueue()
        const all = Array.from({ length: timers }, (_, i) => new Timer(() => fired.push(i)))
        let model: { timer: number; deadline: number; order: number }[] = []
        let order = 0
        const remove = (timer: number) => {
          model = model.filter((entry) => entry.timer !== timer)
        }
        const arm = (timer: number, deadline: number) => {
          remove(timer)
          model.push({ timer, deadline, order: order++ })
          model.sort((a, b) => a.deadline - b.deadline || a.order - b.order)
        }
        for (const step of actions) {
          if (step.kind === 'set') {
            queue.set(all[step.timer], step.deadline)
            arm(step.timer, step.deadline)
          } else if (step.kind === 'setEarlier') {
            const standing = model.find((entry) => entry.timer === step.timer)
            queue.setEarlier(all[step.timer], step.deadline)
            if (!standing || step.deadline < standing.deadline) arm(step.timer, step.deadline)
          } else if (step.kind === 'never') {
            queue.set(all[step.timer], NEVER)
            remove(step.timer)
          } else if (step.kind === 'clear') {
            queue.clear(all[step.timer])
            remove(step.timer)
          } else {
            fired.length = 0
            const more = queue.expire(step.now, step.budget)
            const due = model.filter((entry) => entry.deadline <= step.now)
            expect(fired).toEqual(due.slice(0, step.budget).map((entry) => entry.timer))
            expect(more).toBe(due.length > step.budget)
            model = model.slice(fired.length)
          }
          expect(queue.size).toBe(model.length)
          expect(queue.earliest).toBe(model[0]?.deadline ?? NEVER)
        }
        for (const [i, timer] of all.entries()) {
          const entry = model.find((other) => other.timer === i)
          expect(timer.armed).toBe(entry !== undefined)
          expect(timer.deadline).toBe(entry?.deadline ?? NEVER)
        }
        fired.length = 0
        queue.expire(NEVER)
        expect(fired).toEqual(model.map((entry) => entry.timer))
      }),
      { numRuns: 60 },
    )
  })

  it('equal deadlines fire in the order of arming, re-arming included', () => {
    const fired: string[] = []
    const queue = new TimerQueue()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Timer(() => fired.push(name)))
    queue.set(a, 5)
    queue.set(b, 5)
    queue.set(c, 5)
    queue.set(a, 5)
    queue.expire(5)
    expect(fired).toEqual(['b', 'c', 'a'])
  })

  it('a timer may arm itself and others, and disarm those that are due with it', () => {
    const fired: string[] = []
    const queue = new TimerQueue()
    const victim = new Timer(() => fired.push('victim'))
    const again = new Timer((now) => {
      fired.push(`again ${now}`)
      if (fired.length < 3) queue.set(again, now)
      queue.clear(victim)
    })
    queue.set(again, 1)
    queue.set(victim, 1)
    expect(queue.expire(7)).toBe(false)
    expect(fired).toEqual(['again 7', 'again 7', 'again 7'])
    expect(queue.size).toBe(0)
  })

  it('a timer that always arms itself again cannot hold the host longer than its budget', () => {
    let count = 0
    const queue = new TimerQueue()
    const greedy = new Timer((now) => {
      count++
      queue.set(greedy, now)
    })
    queue.set(greedy, 0)
    expect(queue.expire(0, 100)).toBe(true)
    expect(count).toBe(100)
  })

  it('tells when the earliest deadline moved, so that an alarm can be set', () => {
    const told: number[] = []
    const queue = new TimerQueue()
    queue.onEarlier = () => told.push(queue.earliest)
    const [a, b] = [new Timer(() => {}), new Timer(() => {})]
    queue.set(a, 10)
    queue.set(b, 20)
    queue.set(b, 5)
    queue.setEarlier(b, 7)
    expect(told).toEqual([10, 5])
  })
})
