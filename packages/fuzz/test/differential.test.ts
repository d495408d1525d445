import { describe, expect, it } from 'vitest'
import { Dice } from '../src/dice.ts'
import { ALLOW_LIST, allowanceFor } from '../src/differential/allow-list.ts'
import { type Difference, differenceText, firstDifference } from '../src/differential/compare.ts'
import { makeScript, type Script } from '../src/differential/script.ts'
import { TapwirePeer } from '../src/differential/tapwire-peer.ts'

const scripts = (count: number): Script[] =>
  Array.from({ length: count }, (_, i) => makeScript(new Dice(i), i))

describe('the differential mode without a kernel', () => {
  it('tapwire says the same to the same scripts, and is found to', async () => {
    const list = scripts(150)
    const [a, b] = [new TapwirePeer(), new TapwirePeer()]
    const [one, two] = [await a.play(list), await b.play(list)]
    for (const i of list.keys()) expect(firstDifference(one[i], two[i])).toBeNull()
    // They were heard.
    expect(one.filter(({ heard }) => heard.flat().length > 0).length).toBeGreaterThan(120)
    expect(new Set(one.flatMap(({ heard }) => heard.flat())).size).toBeGreaterThan(100)
    await Promise.all([a.close(), b.close()])
  })

  it('tells the first step at which answers differ', async () => {
    const [script] = scripts(40).filter(
      ({ opening, prelude, steps }) => opening === 'passive' && prelude >= 2 && steps.length > 3,
    )
    const peer = new TapwirePeer()
    const [one] = await peer.play([script])
    const [two] = await peer.play([script])
    two.heard[2].push('ACK seq=1 ack=5')
    const difference = firstDifference(one, two) as Difference
    expect(difference.step).toBe(1)
    const text = differenceText(difference, one)
    expect(text).toContain(`script ${script.id}`)
    expect(text).toContain('tapwire: ')
    expect(text).toContain('ACK seq=1 ack=5')
    await peer.close()
  })

  it('each allowance has a name of its own and says why; one that fits nothing is not found', () => {
    expect(new Set(ALLOW_LIST.map(({ name }) => name)).size).toBe(ALLOW_LIST.length)
    for (const { why } of ALLOW_LIST) expect(why.length).toBeGreaterThan(60)
    const script = scripts(1)[0]
    const difference = { script, step: -1, kernel: ['SYN seq=0'], tapwire: ['SYN seq=0 <mss 5>'] }
    expect(allowanceFor(difference, [])).toBeNull()
  })
})
