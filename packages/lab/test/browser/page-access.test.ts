import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { NO_CHROMIUM } from './page.ts'
import type { LabWindow } from './page-in-page.ts'
import { BECAUSE, useSite } from './visits.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly string[]
}

/** What axe-core finds serious or worse. */
function findings(page: Page): Promise<Finding[]> {
  return page.evaluate(async (source) => {
    // The page's policy forbids scripts that are put into it; what the test itself evaluates is not under it.
    // biome-ignore lint/security/noGlobalEval: axe-core is the test's own.
    if (!('axe' in window)) globalThis.eval(source)
    const { axe } = window as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
        }>
      }
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 5).map(({ html }) => html) }))
  }, axe)
}

/** Two frames have been drawn, and colours that flash have come to rest. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'))
}

const PANELS = ['segment', 'states', 'variables', 'buffers', 'break'] as const

describe.skipIf(NO_CHROMIUM !== null)(`the lab's page, for everybody${BECAUSE}`, () => {
  const { open } = useSite()

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`axe-core finds nothing serious in any part of it (${colorScheme})`, async () => {
      const page = await open('', { colorScheme, bypassCSP: true })
      await page.evaluate(() => {
        const { lab } = window as unknown as LabWindow
        lab.seek(300)
        lab.select(20)
      })
      for (const panel of PANELS) {
        await page.evaluate((name) => {
          const { lab } = window as unknown as LabWindow
          lab.store.set({ panel: name })
          lab.store.show()
          for (const details of document.querySelectorAll('details')) details.open = true
        }, panel)
        await atRest(page)
        expect(await findings(page), panel).toEqual([])
      }
      await page.keyboard.press('?')
      expect(await findings(page), 'the list of keys').toEqual([])
      await page.keyboard.press('Escape')
      await page.waitForSelector('dialog[open]', { state: 'detached' })
      await page.keyboard.press('c')
      await page.waitForSelector('dialog[open]')
      expect(await findings(page), 'what to compare with').toEqual([])
      await page.locator('[data-compare="sack"]').click()
      await page.waitForSelector('[data-ladder="1"]')
      await atRest(page)
      expect(await findings(page), 'two runs').toEqual([])
    }, 120_000)
  }

  it('axe-core finds nothing serious in a lesson, on a phone', async () => {
    const page = await open('#lesson=handshake', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      bypassCSP: true,
    })
    for (const part of ['lesson', 'ladder', 'details', 'plots']) {
      await page.locator(`[data-panel-tab="${part}"]`).click()
      await atRest(page)
      expect(await findings(page), part).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, `${part} is as wide as the phone`).toBeLessThanOrEqual(0)
    }
  })

  it('needs no mouse: keys play, select, drop, compare, change the theme', async () => {
    const page = await open()
    const state = () =>
      page.evaluate(() => {
        const { state: now } = (window as unknown as LabWindow).lab
        return { playing: now.playing, segment: now.cursor.segment, panel: now.panel, speed: now.speed }
      })
    const before = await state()
    await page.keyboard.press(' ')
    expect((await state()).playing).toBe(true)
    await page.keyboard.press(' ')
    expect((await state()).playing).toBe(false)
    await page.keyboard.press(']')
    expect((await state()).speed).toBeGreaterThan(before.speed)
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowDown')
    expect((await state()).segment).toBe(0)
    await page.keyboard.press('4')
    expect((await state()).panel).toBe('states')
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
    const first = await theme()
    await page.keyboard.press('t')
    expect(await theme()).not.toBe(first)
    await page.keyboard.press('x')
    const lost = await page.evaluate(
      () => (window as unknown as LabWindow).lab.state.run.recording.segments[0].lost?.why,
    )
    expect(lost).toBe('dropped')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    expect(await page.locator('dialog[open] dt').count()).toBeGreaterThan(15)
    await page.keyboard.press('Escape')
    expect(await page.locator('dialog[open]').count()).toBe(0)
  })
})
