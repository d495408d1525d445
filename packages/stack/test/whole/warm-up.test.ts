import { Stack, warmUpTcp } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'

describe('warmUpTcp', () => {
  it('makes so many connections of the stack to itself, and leaves none of them', async () => {
    const stack = new Stack()
    await warmUpTcp(stack, 70)
    const { activeOpens, accepted, establishedResets } = stack.tcp.counters
    expect({ activeOpens, accepted, establishedResets }).toEqual({
      activeOpens: 70,
      accepted: 70,
      establishedResets: 0,
    })
    expect(stack.tcp.sizes).toMatchObject({
      connections: 0,
      orphans: 0,
      halfOpen: 0,
      listeners: 0,
      timeWait: 70,
    })
    stack.debugInvariants()
    await stack.close()
  })

  it('moves megabytes both ways over the first', async () => {
    const stack = new Stack()
    const lo = stack.interfaces[0]
    await warmUpTcp(stack, 1)
    expect(lo.counters.bytesIn).toBeGreaterThan(8 * 1024 * 1024)
    await stack.close()
  })

  it('fails with what stands in its way, and listens no longer', async () => {
    const few = new Stack({ limits: { connections: 4 } })
    await expect(warmUpTcp(few, 70)).rejects.toMatchObject({ code: 'ENOBUFS' })
    expect(few.tcp.sizes.listeners).toBe(0)
    await few.close()
    await expect(warmUpTcp(few)).rejects.toMatchObject({ code: /^E/ })
    const stack = new Stack()
    const warming = warmUpTcp(stack)
    await stack.close()
    await expect(warming).rejects.toMatchObject({ code: expect.any(String) })
  })
})
