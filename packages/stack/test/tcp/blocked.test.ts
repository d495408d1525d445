import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/index.ts'
import { inState } from './in-state.ts'
import { pattern, Script } from './script.ts'

describe('connections whose device is full', () => {
  it('those that are over do not pile up, however long it stays full', () => {
    const t = new Script()
    t.device.full = true
    const address = parseAddress(t.remote)!
    for (let i = 0; i < 5000; i++) t.stack.tcp.connect({ address, port: 80, localPort: 2000 + i }, {}).abort()
    const { blocked } = t.stack.tcp.context
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(blocked.size).toBeLessThan(100)
  })

  it('those that live are woken, and none of those that are over', () => {
    const t = inState('ESTABLISHED')
    t.device.full = true
    t.connection.write(pattern(1, 100))
    const address = parseAddress(t.remote)!
    for (let i = 0; i < 500; i++) t.stack.tcp.connect({ address, port: 80, localPort: 2000 + i }, {}).abort()
    t.device.writable()
    t.expect({ flags: 'PA', seq: 1, length: 100 }).silence()
    expect(t.stack.tcp.context.blocked.size).toBe(0)
  })

  it('a device that vanishes while it is full leaves none behind', () => {
    const t = inState('ESTABLISHED')
    t.device.full = true
    t.connection.write(pattern(1, 100))
    expect(t.stack.tcp.context.blocked.size).toBe(1)
    t.device.vanish()
    expect(t.events).toEqual(['close ENETDOWN'])
    expect(t.stack.tcp.context.blocked.size).toBe(0)
  })
})
