import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LESSONS } from '../../src/lessons/index.ts'

const guide = readFileSync(new URL('../../../../docs/teaching.md', import.meta.url), 'utf8')

describe('docs/teaching.md', () => {
  it('has a section for every lesson, in their order, each with a question and an exercise', () => {
    const sections = guide.split(/^### /m).slice(1)
    expect(sections.map((section) => section.slice(0, section.indexOf('\n')))).toEqual(
      LESSONS.map(({ title }, i) => `${i + 1}. ${title}`),
    )
    for (const [i, section] of sections.entries()) {
      const { id, goal, minutes, sources } = LESSONS[i]
      expect(section).toContain(`\`#lesson=${id}\` · ${minutes} minutes`)
      expect(section).toContain(`**Goal.** ${goal}`)
      for (const { where } of sources) expect(section).toContain(where)
      for (const part of ['**For the class.**', '**Exercise.**'])
        expect(section.split(part).length, `${id}: ${part}`).toBeGreaterThan(1)
      // As many answers as questions.
      expect(section.split('\n> ').length).toBe(section.split(/\*\*(?:For the class|Exercise)\.\*\*/).length)
    }
  })

  it('lists them with topic, time and what they build on', () => {
    const numbers = new Map(LESSONS.map(({ id }, i) => [id, i + 1]))
    for (const [i, { title, topic, minutes, needs }] of LESSONS.entries()) {
      const row = guide.split('\n').find((line) => line.startsWith(`| ${i + 1} | [${title}]`))
      const before = needs.map((id) => numbers.get(id)).join(', ') || '–'
      expect(row?.endsWith(`| ${topic} | ${minutes} | ${before} |`), title).toBe(true)
    }
    const total = LESSONS.reduce((sum, { minutes }) => sum + minutes, 0)
    expect(guide).toContain(`${LESSONS.length} lessons in their order, ${total} minutes in all`)
  })
})
