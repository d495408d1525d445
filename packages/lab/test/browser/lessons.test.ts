import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LESSONS, type Lesson } from '../../src/lessons/index.ts'
import { NO_CHROMIUM, openSite, type Site, visit } from './page.ts'
import type { LabWindow } from './page-in-page.ts'

/** Where pictures of every lesson go, for people to look at: `LAB_SHOTS=/tmp/shots npx vitest run packages/lab/test/browser/lessons`. */
const SHOTS = process.env.LAB_SHOTS

describe.skipIf(NO_CHROMIUM !== null)(
  `every lesson in the page${NO_CHROMIUM === null ? '' : `: ${NO_CHROMIUM}`}`,
  () => {
    let site: Site
    beforeAll(async () => {
      site = await openSite()
      if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true })
    }, 60_000)
    afterAll(() => site?.close())

    it.each(LESSONS.map((lesson) => [lesson.id, lesson] as const))(
      '%s loads, asks, shows its steps, and its claims hold on what is shown',
      async (id, lesson) => {
        const { page, faults } = await visit(site, `#lesson=${id}`)
        try {
          await asks(page, lesson)
          await picture(page, `${id}-0-asks`)
          await page.locator(`[data-choice="${lesson.predict.answer}"]`).check()
          await page.locator('[data-predict] button.primary').click()
          await showsItsSteps(page, lesson)
          await runsToItsEnd(page, lesson)
          expect(faults).toEqual([])
        } finally {
          await page.context().close()
        }
      },
      120_000,
    )

    it('says why a wrong guess is wrong, and which one was right', async () => {
      const { page, faults } = await visit(site, `#lesson=${LESSONS[0].id}`)
      try {
        const { choices, answer } = LESSONS[0].predict
        const wrong = (answer + 1) % choices.length
        await page.locator(`[data-choice="${wrong}"]`).check()
        await page.locator('[data-predict] button.primary').click()
        expect(await page.locator('.choice.wrong .reply').count()).toBe(1)
        expect(await page.locator('.choice.right .reply').count()).toBe(1)
        expect(faults).toEqual([])
      } finally {
        await page.context().close()
      }
    })

    async function picture(page: Page, name: string): Promise<void> {
      if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${name}.png`) })
    }

    /** The question is there, and nothing of what comes after it. */
    async function asks(page: Page, lesson: Lesson): Promise<void> {
      expect(await page.locator('.lesson-title').textContent()).toBe(lesson.title)
      expect(await page.locator('[data-predict] input').count()).toBe(lesson.predict.choices.length)
      expect(await page.locator('[data-step]').count()).toBe(0)
      const { limit, cursor } = await page.evaluate(() => {
        const { state } = (window as unknown as LabWindow).lab
        return { limit: state.limit, cursor: state.cursor.time }
      })
      expect(cursor).toBe(limit)
      await page.keyboard.press('End')
      expect(await page.evaluate(() => (window as unknown as LabWindow).lab.state.cursor.time)).toBe(limit)
    }

    async function showsItsSteps(page: Page, lesson: Lesson): Promise<void> {
      let before = -1
      for (const [index, step] of lesson.steps.entries()) {
        await page.locator('[data-next]').click()
        const shown = await page.evaluate(() => {
          const { state } = (window as unknown as LabWindow).lab
          return {
            time: state.cursor.time,
            texts: [...document.querySelectorAll('.steps li')].map((one) => one.textContent ?? ''),
          }
        })
        expect(shown.texts.length).toBe(index + 1)
        expect(shown.texts[index]).not.toContain('not in this run')
        expect(shown.time).toBeGreaterThanOrEqual(before)
        if (typeof step.at === 'number') expect(shown.time).toBeCloseTo(step.at)
        before = shown.time
        await picture(page, `${lesson.id}-${index + 1}`)
      }
      expect(await page.locator('[data-next]').count()).toBe(0)
    }

    /** All that the texts claim is asked of the recordings that the page draws from. */
    async function runsToItsEnd(page: Page, lesson: Lesson): Promise<void> {
      const end = await page.evaluate(() => {
        const { lab, lessons } = window as unknown as LabWindow
        lab.toEnd()
        const nothing = { scenario: null, segments: [], events: [], ends: [], time: 0, over: true }
        const { run, compared } = lab.state
        const second = compared?.run.recording ?? {
          ...nothing,
          queues: { 'A→B': [], 'B→A': [] },
        }
        const claims = lessons.lesson?.claims ?? []
        return {
          over: run.recording.over,
          claims: claims.length,
          broken: claims.flatMap((claim) =>
            claim.holds({ first: run.recording, second }) ? [] : [claim.text],
          ),
        }
      })
      expect(end).toEqual({ over: true, claims: lesson.claims.length, broken: [] })
    }
  },
)
