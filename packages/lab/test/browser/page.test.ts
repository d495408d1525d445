import { describe, expect, it } from 'vitest'
import { NO_CHROMIUM } from './page.ts'
import type { LabWindow } from './page-in-page.ts'
import { BECAUSE, useSite } from './visits.ts'

/** Bytes, compressed: the stack is in them. */
const LARGEST = 300_000
/** Milliseconds until the page can be used, on a machine with two cores. */
const INTERACTIVE = 2000
/** Milliseconds of a frame, for 95 of 100. */
const FRAME = 20

describe.skipIf(NO_CHROMIUM !== null)(`the lab's page${BECAUSE}`, () => {
  const { site, open } = useSite()

  it('loads in less than 300 KB, can be used within 2 s, and asks nobody else for anything', async () => {
    expect(site().compressed).toBeLessThan(LARGEST)
    const page = await open()
    const ready = await page.evaluate(() => performance.getEntriesByName('tapwire-ready')[0].startTime)
    expect(ready).toBeLessThan(INTERACTIVE)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate(() => (window as unknown as LabWindow).lab.state.cursor.time)).toBeGreaterThan(
      0,
    )
    const policy = page.locator('meta[http-equiv="Content-Security-Policy"]')
    expect(await policy.getAttribute('content')).toMatch(/^default-src 'self';/)
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
        scroller.scrollTop = ((frame * 7) % 200) * (scroller.scrollHeight / 200)
        const now = await next()
        durations.push(now - before)
        before = now
      }
      return {
        segments: lab.state.run.recording.segments.length,
        windows: scroller.scrollHeight / scroller.clientHeight,
        durations,
      }
    })
    expect(frames.segments).toBeGreaterThan(5000)
    expect(frames.windows).toBeGreaterThan(20)
    const sorted = frames.durations.toSorted((a, b) => a - b)
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(FRAME)
  })
})
