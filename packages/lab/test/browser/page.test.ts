import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NO_CHROMIUM, openSite, type Site, type Visit, visit } from './page.ts'
import type { LabWindow } from './page-in-page.ts'

const LIMIT = 300_000
/** Milliseconds until the page can be used, on a machine with two cores. */
const INTERACTIVE = 2000

describe.skipIf(NO_CHROMIUM !== null)(
  `the lab's page${NO_CHROMIUM === null ? '' : `: ${NO_CHROMIUM}`}`,
  () => {
    let site: Site
    const visits: Visit[] = []
    beforeAll(async () => {
      site = await openSite()
    }, 60_000)
    afterAll(() => site?.close())
    afterEach(async () => {
      const faults = visits.flatMap((one) => one.faults)
      for (const { page } of visits.splice(0)) await page.context().close()
      expect(faults).toEqual([])
    })

    async function open(...args: Parameters<typeof visit> extends [unknown, ...infer R] ? R : never) {
      const one = await visit(site, ...args)
      visits.push(one)
      return one.page
    }

    it('loads in less than 300 KB, can be used within 2 s, and asks nobody else for anything', async () => {
      expect(site.compressed).toBeLessThan(LIMIT)
      const page = await open()
      const ready = await page.evaluate(() => {
        const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
        return navigation.domContentLoadedEventEnd
      })
      expect(ready).toBeLessThan(INTERACTIVE)
      await page.keyboard.press('ArrowRight')
      expect(
        await page.evaluate(() => (window as unknown as LabWindow).lab.state.horizon),
      ).toBeGreaterThanOrEqual(0)
      expect(
        await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content'),
      ).toMatch(/^default-src 'self'/)
    })

    it('scrolls a run of 5,000 segments with frames below 20 ms (95th percentile)', async () => {
      const page = await open()
      const frames = await page.evaluate(async () => {
        const { lab } = window as unknown as LabWindow
        const scenario = lab.scenario!
        const fast = { latency: 20, bandwidth: 2e7, queue: 100 }
        lab.open({
          ...scenario,
          duration: 60_000,
          link: { 'A→B': fast, 'B→A': fast },
          flows: [{ app: 'bulk', from: 'A', bytes: 5_000_000 }],
        })
        lab.toEnd()
        const next = (): Promise<number> => new Promise(requestAnimationFrame)
        for (let settle = 0; settle < 5; settle++) await next()
        const scroller = document.querySelector<HTMLElement>('[data-ladder="0"]')!
        const durations: number[] = []
        let before = await next()
        for (let frame = 0; frame < 200; frame++) {
          scroller.scrollTop = ((frame * 997) % 200) * (scroller.scrollHeight / 200)
          const now = await next()
          durations.push(now - before)
          before = now
        }
        const { segments } = lab.state.run.recording
        return { segments: segments.length, height: scroller.scrollHeight, durations }
      })
      expect(frames.segments).toBeGreaterThan(5000)
      expect(frames.height).toBeGreaterThan(50_000)
      const sorted = frames.durations.toSorted((a, b) => a - b)
      expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(20)
    })
  },
)
