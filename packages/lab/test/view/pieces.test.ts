import { describe, expect, it } from 'vitest'
import { lessonAddress, readAddress, runAddress } from '../../src/app/address.ts'
import { isAnythingOnTheWay, lastMoment, nextMoment, previousMoment } from '../../src/app/moments.ts'
import { PRESETS } from '../../src/app/presets.ts'
import { shownPart } from '../../src/app/shown-part.ts'
import { validateScenario } from '../../src/model/scenario/validate.ts'
import { LINK_SLIDERS, linkAt, NO_BOTTLENECK, withLink } from '../../src/view/break/link-settings.ts'
import { comparisonsOf } from '../../src/view/compare/comparisons.ts'
import { receiveTape, sendTape } from '../../src/view/connection/tapes-view.ts'
import { bytesText, numberText, rateText, timeText } from '../../src/view/format.ts'
import { fitLabel } from '../../src/view/ladder/labels.ts'
import { SvgPainter } from '../../src/view/painter.ts'
import { ticks } from '../../src/view/plots/plot-picture.ts'
import { makeRecording } from '../fixtures/recording.ts'

const recording = makeRecording(20)

describe('moments', () => {
  it('are when something is sent, ends or is decided', () => {
    expect(nextMoment(recording, 0)).toBe(20)
    expect(nextMoment(recording, 40)).toBe(42)
    expect(previousMoment(recording, 42)).toBe(40)
    expect(previousMoment(recording, 0)).toBe(0)
    expect(nextMoment(recording, 1e6)).toBeNull()
    expect(lastMoment(recording)).toBe(recording.time)
  })

  it('know whether anything is on its way', () => {
    expect(isAnythingOnTheWay(recording, 10)).toBe(true)
    expect(isAnythingOnTheWay(recording, recording.time + 1)).toBe(false)
  })
})

describe('what has been shown', () => {
  it('ends where it was shown to', () => {
    const part = shownPart(recording, 60)
    expect(part.segments.every(({ sentAt }) => sentAt <= 60)).toBe(true)
    expect(part.segments.length).toBe(recording.segments.filter(({ sentAt }) => sentAt <= 60).length)
    expect(part.ends.map(({ samples }) => samples.length)).toEqual([2, 2])
    expect(shownPart(recording, 30).ends.map(({ samples }) => samples.length)).toEqual([1, 1])
  })
})

describe('a plot as a picture', () => {
  it('has a few round numbers on its axes', () => {
    expect(ticks(20_000)).toEqual([0, 5000, 10_000, 15_000, 20_000])
    expect(ticks(1.06)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
    for (const end of [0.01, 3, 77, 1234, 9e6]) {
      expect(ticks(end).length).toBeGreaterThan(2)
      expect(ticks(end).length).toBeLessThan(9)
    }
  })
})

describe('texts', () => {
  it('of times, sizes and rates are short', () => {
    expect([0, 0.05, 0.25, 12.5, 999.9, 3200, 65_000].map(timeText)).toEqual([
      '0 ms',
      '50 µs',
      '250 µs',
      '12.5 ms',
      '999.9 ms',
      '3.2 s',
      '1 min 05 s',
    ])
    expect([12, 1500, 2_500_000].map(bytesText)).toEqual(['12 B', '1.5 kB', '2.5 MB'])
    expect([300, 64_000, 1e7, 1e9].map(rateText)).toEqual(['300 bit/s', '64 kbit/s', '10 Mbit/s', '1 Gbit/s'])
    expect([1, 1234, 1_234_567].map(numberText)).toEqual(['1', '1\u2009234', '1\u2009234\u2009567'])
  })

  it('of labels give up what says least first', () => {
    const label = 'seq 1001:2001 ack 1 win 131072'
    expect(fitLabel(label, 40)).toBe(label)
    expect(fitLabel(label, 25)).toBe('seq 1001:2001 ack 1')
    expect(fitLabel(label, 15)).toBe('seq 1001:2001')
    expect(fitLabel(label, 8)).toBe('seq 100…')
    expect(fitLabel('ack 5001 win 1000 sack 6001:7001', 12)).toBe('ack 5001')
  })

  it('in a picture cannot become markup', () => {
    const painter = new SvgPainter(10, 10, '#fff')
    painter.text(1, 1, '<script>&"', { colour: '#000', font: '11px "Mono"' })
    expect(painter.toString()).not.toContain('<script>')
  })
})

describe('tapes', () => {
  it('show what is sent, SACKed and lost in the order of the numbers', () => {
    const sample = recording.ends[0].samples[1]
    const tape = sendTape(sample)
    expect(tape.stretches).toContainEqual({ kind: 'sacked', from: 1001, to: 2001 })
    expect(tape.stretches).toContainEqual({ kind: 'lost', from: 1, to: 1001 })
    expect(tape.from).toBeLessThanOrEqual(sample.sndUna)
    expect(tape.to).toBeGreaterThan(sample.sndNxt)
    expect(receiveTape({ ...sample, outOfOrder: [[3001, 4001]] }).stretches).toContainEqual({
      kind: 'outOfOrder',
      from: 3001,
      to: 4001,
    })
  })
})

describe('settings of the link', () => {
  it('stand on the slider where they were put', () => {
    for (const slider of LINK_SLIDERS) {
      for (const position of [0, 25, 50, 75, 100]) {
        const value = slider.fromPosition(position)
        expect(slider.fromPosition(slider.toPosition(value)), slider.name).toBeCloseTo(value, 6)
      }
    }
    const bandwidth = LINK_SLIDERS.find(({ name }) => name === 'bandwidth')!
    expect(bandwidth.fromPosition(100)).toBe(NO_BOTTLENECK)
  })

  it('from now on leave the past as it was; from the start on they hold throughout', () => {
    const { scenario } = PRESETS[0]
    const later = {
      ...scenario,
      actions: [{ at: 100, do: 'link' as const, way: 'A→B' as const, set: { loss: 0.5 } }],
    }
    expect(linkAt(later, 'A→B', 99).loss).toBeUndefined()
    expect(linkAt(later, 'A→B', 100).loss).toBe(0.5)
    const changed = withLink(later, 'A→B', { loss: 0.1 })
    expect(changed.actions).toEqual([])
    expect(linkAt(changed, 'A→B', 200).loss).toBe(0.1)
  })
})

describe('runs to begin with', () => {
  it('and all that they are compared with are possible', () => {
    for (const { scenario } of PRESETS) {
      expect(validateScenario(scenario)).toEqual(scenario)
      for (const comparison of comparisonsOf(scenario)) {
        expect(() => validateScenario(comparison.scenario), comparison.id).not.toThrow()
        expect(comparison.scenario, comparison.id).not.toEqual(scenario)
      }
    }
  })

  it('go into an address and come out of it', () => {
    for (const { scenario } of PRESETS) {
      const address = runAddress(scenario, 12.5)
      expect(address).toBe(encodeURI(address))
      expect(readAddress(address)).toEqual({ kind: 'run', scenario, time: 12.5 })
    }
    expect(readAddress(lessonAddress('rto-karn'))).toEqual({ kind: 'lesson', id: 'rto-karn' })
    expect(readAddress('')).toEqual({ kind: 'none' })
    expect(() => readAddress('#run=1%%%')).toThrow()
  })
})
