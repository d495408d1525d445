import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { pattern, Script, type ScriptOptions } from './script.ts'

/** Connections that end with data nobody has read. @returns the script; nothing of them is referenced any more */
function endUnread(count: number, options: ScriptOptions, close: boolean): Script {
  const t = new Script(options)
  t.stack.tcp.listen(
    { port: 7 },
    {
      onConnection: (listener) => {
        const connection = listener.accept()
        if (connection !== null && close) connection.handler = { onClose: () => connection.close() }
      },
    },
  )
  for (let i = 0; i < count; i++) {
    t.remotePort = 5000 + i
    t.send({ flags: 'S', options: [{ name: 'mss', value: 1460 }] })
    t.next()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: pattern(1, 1000) }).skip()
    t.send({ flags: 'R', seq: 1001 }).skip()
  }
  t.device.sent.length = 0
  t.skip()
  return t
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  for (let i = 0; i < 3; i++) {
    runInNewContext('gc')()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('connections that are over with data nobody has read', () => {
  it('close() gives its memory back at once', () => {
    const t = endUnread(100, {}, true)
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.stack.memory.allocated).toBe(new Script().stack.memory.allocated)
  })

  it('forgotten without it, they give it back when they are collected', async () => {
    const t = endUnread(100, {}, false)
    const idle = new Script().stack.memory.allocated
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.stack.memory.allocated).toBeGreaterThan(idle)
    await collectGarbage()
    // The stack's own records of what it did last may still know one of them.
    expect(t.stack.tcp.counters.forgottenReleased).toBeGreaterThanOrEqual(95)
    expect(t.stack.memory.allocated).toBeLessThan(idle + 5 * 4096 + 1)
  })

  it('before that, the memory that they hold is bounded by limits.memory, and what is refused is counted', () => {
    const t = endUnread(1000, { limits: { memory: 1 << 20 } }, false)
    const { memory, tcp } = t.stack
    expect(memory.allocated).toBeLessThanOrEqual(memory.size)
    expect(memory.exhausted).toBeGreaterThan(0)
    expect(tcp.counters.droppedNoMemory).toBeGreaterThan(0)
  })
})
