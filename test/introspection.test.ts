import { readFileSync } from 'node:fs'
import { createCable, parseAddress, Stack, TraceKind, VirtualClock } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'

const page = readFileSync(new URL('../docs/introspection.md', import.meta.url), 'utf8')

describe('docs/introspection.md', () => {
  it('names every field of info()', () => {
    const clock = new VirtualClock()
    const stack = new Stack({ clock })
    stack.addInterface(createCable({ clock })[0], { addresses: ['10.0.0.1/24'] })
    const connection = stack.tcp.connect({ address: parseAddress('10.0.0.2')!, port: 7 }, {})
    const missing = Object.keys(connection.info()).filter((name) => !page.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })

  it('names every kind of trace event', () => {
    expect(Object.keys(TraceKind).filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([])
  })
})
