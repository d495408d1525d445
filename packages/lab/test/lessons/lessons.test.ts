import { describe, expect, it } from 'vitest'
import { decodeScenario, encodeScenario, validateScenario } from '../../src/index.ts'
import { inline, LESSONS, type Lesson, type Moment, type Runs } from '../../src/lessons/index.ts'
import { NOTHING, record, runsOf } from './runs.ts'

const when = (moment: Moment, runs: Runs) => (typeof moment === 'number' ? moment : moment(runs))

function texts(lesson: Lesson): string[] {
  return [
    ...lesson.intro,
    lesson.predict.question,
    ...lesson.predict.choices.flatMap(({ text, reply }) => [text, reply]),
    ...lesson.steps.map(({ text }) => text),
    ...lesson.explain,
    ...lesson.tryThis.map(({ text }) => text),
  ]
}

/** Milliseconds for what plays many runs, on a machine that has other things to do. */
const LONG = 180_000

describe('the lessons', { timeout: LONG }, () => {
  it('are at least twenty-five, with ids of their own, each after what it builds on', () => {
    expect(LESSONS.length).toBeGreaterThanOrEqual(25)
    const seen = new Set<string>()
    for (const { id, needs } of LESSONS) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(seen.has(id), `${id} is there twice`).toBe(false)
      for (const other of needs) expect(seen.has(other), `${id} builds on ${other}`).toBe(true)
      seen.add(id)
    }
  })

  it('make claims that can fail: none is true of nothing, and none of every other lesson’s run', () => {
    const everybody = LESSONS.map(runsOf)
    const idle: string[] = []
    for (const { id, claims } of LESSONS) {
      for (const { text, holds } of claims) {
        if (holds({ first: NOTHING, second: NOTHING })) idle.push(`${id}: ${text} (of nothing)`)
        if (everybody.every(holds)) idle.push(`${id}: ${text} (of everything)`)
      }
    }
    expect(idle).toEqual([])
  })

  it('that compare two runs claim something that is not true of the first run twice, nor with the runs exchanged', () => {
    for (const lesson of LESSONS.filter(({ compareWith }) => compareWith !== undefined)) {
      const { first, second } = runsOf(lesson)
      expect(
        lesson.claims.every(({ holds }) => holds({ first, second: first })),
        lesson.id,
      ).toBe(false)
      expect(
        lesson.claims.every(({ holds }) => holds({ first: second, second: first })),
        lesson.id,
      ).toBe(false)
    }
  })
})

describe.each(LESSONS.map((lesson) => [lesson.id, lesson] as const))('%s', { timeout: LONG }, (_, lesson) => {
  it.each(lesson.claims.map((claim) => [claim.text, claim] as const))('%s', (_text, claim) => {
    expect(claim.holds(runsOf(lesson))).toBe(true)
  })

  it('finds every segment that it speaks of, and only speaks of those it finds', () => {
    const runs = runsOf(lesson)
    const spoken = new Set<string>()
    for (const text of texts(lesson)) {
      for (const piece of inline(text, lesson, runs)) {
        if (piece.kind === 'segment') expect(piece.segment, text).not.toBeNull()
        expect(piece.text, text).not.toMatch(/[`{}*<>]/)
      }
      for (const [, name] of text.matchAll(/\{(\w+)/g)) spoken.add(name)
    }
    for (const { focus } of lesson.steps) for (const name of focus.segments ?? []) spoken.add(name)
    expect([...spoken].sort()).toEqual(Object.keys(lesson.marks).sort())
  })

  it('asks before it shows, and shows in order of time, to the end of the run at most', () => {
    const runs = runsOf(lesson)
    const { duration } = lesson.scenario
    const asked = when(lesson.predict.at, runs)
    expect(asked).not.toBeNull()
    const times = lesson.steps.map(({ at }) => when(at, runs) ?? Number.NaN)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.every((time) => time >= 0 && time <= duration)).toBe(true)
    expect(times.at(-1), 'the answer is shown').toBeGreaterThan(asked as number)
  })

  it('has scenarios that fit into an address, and what it suggests runs', () => {
    const { scenario, compareWith, tryThis } = lesson
    const suggested = tryThis.flatMap((one) => (one.scenario === undefined ? [] : [one.scenario]))
    for (const one of [
      scenario,
      ...(compareWith === undefined ? [] : [compareWith.scenario]),
      ...suggested,
    ]) {
      expect(decodeScenario(encodeScenario(one)), one.title).toEqual(validateScenario(one))
    }
    for (const one of suggested) expect(record(one).segments.length, one.title).toBeGreaterThan(2)
  })

  it('is whole: a question with an answer, a reply to each choice, sources, something to try', () => {
    const { predict, intro, steps, explain, sources, tryThis, claims } = lesson
    expect(predict.choices.length).toBeGreaterThanOrEqual(2)
    expect(predict.choices.length).toBeLessThanOrEqual(4)
    expect(predict.choices[predict.answer]).toBeDefined()
    for (const text of texts(lesson)) expect(text.length).toBeGreaterThan(0)
    for (const list of [intro, steps, explain, sources, tryThis]) expect(list.length).toBeGreaterThan(0)
    expect(claims.length).toBeGreaterThanOrEqual(3)
    for (const { where } of sources) expect(where).toMatch(/^RFC \d+( section [\w.]+)?$/)
    for (const { focus } of steps) {
      if (focus.run === 'second') expect(lesson.compareWith).toBeDefined()
    }
  })
})
