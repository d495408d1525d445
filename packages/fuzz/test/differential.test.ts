import { describe, expect, it } from 'vitest'
import { Dice } from '../src/dice.ts'
import { ALLOW_LIST, allowanceFor } from '../src/differential/allow-list.ts'
import { type Difference, differenceText, firstDifference } from '../src/differential/compare.ts'
import type { Facts } from '../src/differential/follower.ts'
import { makeScript, type Script, type Step } from '../src/differential/script.ts'
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

describe('allowances that look at where a segment lies', () => {
  const FACTS: Facts = {
    seq: 0,
    room: 65_000,
    ack: 0,
    finTaken: false,
    finHeard: false,
    opening: false,
    news: 0,
    left: 65_535,
    echoesSyn: false,
    time: 10,
    recent: 10,
    bornAtEdge: false,
  }
  const STEP: Step = {
    flags: 0x10,
    seq: ['expected', 0],
    ack: ['sent', 0],
    length: 0,
    window: 0xffff,
    timestamp: 1,
    urgent: 0,
    options: [],
  }
  const ANSWER = 'ACK seq=1 ack=1 <TS 10>'
  const SILENCE = ''

  /** The name of what explains it. */
  function explained(
    step: Partial<Step>,
    facts: Partial<Facts>,
    kernel: string,
    tapwire: string,
  ): string | undefined {
    const steps = [{ ...STEP, ...step }]
    const script: Script = {
      id: 0,
      opening: 'passive',
      behaviour: 'hold',
      prelude: 0,
      timestamps: true,
      steps,
    }
    const said = (text: string): string[] => (text === '' ? [] : [text])
    const difference: Difference = { script, step: 0, kernel: said(kernel), tapwire: said(tapwire) }
    return allowanceFor(difference, [{ ...FACTS, ...facts }])?.name
  }

  const RST = { flags: 0x04 }
  const cases: [string, Partial<Step>, Partial<Facts>, string, string][] = [
    ['right edge', RST, { room: 0 }, ANSWER, SILENCE],
    ['PAWS by one', {}, { time: 9 }, SILENCE, ANSWER],
    ['shrunk window', {}, { left: -1 }, SILENCE, ANSWER],
    ['counted from the edge', {}, { bornAtEdge: true }, 'ACK seq=1 ack=5', 'ACK seq=1 ack=9'],
    ['time of an old ACK', {}, { news: -1, time: 12 }, ANSWER, 'ACK seq=1 ack=1 <TS 12>'],
    [
      'time in TIME-WAIT',
      RST,
      { finTaken: true, finHeard: true, time: 12 },
      'ACK seq=1 ack=1 <TS 12>',
      ANSWER,
    ],
    ['header prediction', { length: 1 }, { news: -70_000 }, 'ACK seq=1 ack=2', 'ACK seq=1 ack=1'],
    ['echo in the handshake', {}, { opening: true }, ANSWER, SILENCE],
    ['RST with text over the edge', { flags: 0x04, length: 10 }, { room: 5 }, SILENCE, ANSWER],
  ]

  it.each(cases)('%s, there and nowhere else', (name, step, facts, kernel, tapwire) => {
    expect(explained(step, facts, kernel, tapwire)).toBe(name)
    // The same words, of a segment that is nothing special.
    expect(
      explained(step, name === 'echo in the handshake' ? { echoesSyn: true } : {}, kernel, tapwire),
    ).toBeUndefined()
    // The other way round.
    if (name !== 'PAWS by one' && name !== 'counted from the edge')
      expect(explained(step, facts, tapwire, kernel)).not.toBe(name)
  })
})
