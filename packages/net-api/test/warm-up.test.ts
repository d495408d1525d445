import { createNet, warmUp } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'

describe('warmUp', () => {
  it('makes so many connections of the stack to itself, and leaves none of them', async () => {
    const stack = new Stack()
    await warmUp(createNet(stack), { connections: 70 })
    const { activeOpens, accepted, establishedResets } = stack.tcp.counters
    expect({ activeOpens, accepted, establishedResets }).toEqual({
      activeOpens: 70,
      accepted: 70,
      establishedResets: 0,
    })
    expect(stack.tcp.sizes).toMatchObject({ connections: 0, orphans: 0, halfOpen: 0, listeners: 0 })
    stack.debugInvariants()
    await stack.close()
  })

  it('fails with what stands in its way, and listens no longer', async () => {
    const few = new Stack({ limits: { connections: 4 } })
    await expect(warmUp(createNet(few), { connections: 70 })).rejects.toMatchObject({ code: 'ENOBUFS' })
    expect(few.tcp.sizes.listeners).toBe(0)
    await few.close()
    const stack = new Stack()
    const warming = warmUp(createNet(stack))
    await stack.close()
    await expect(warming).rejects.toMatchObject({ code: expect.any(String) })
  })
})
