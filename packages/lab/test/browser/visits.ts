import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest'
import { NO_CHROMIUM, openSite, type Site, type Visit, visit } from './page.ts'

export interface Visits {
  readonly site: () => Site
  /** A page that has loaded. After the test nothing may have gone wrong in it. */
  readonly open: (hash?: string, options?: Parameters<typeof visit>[2]) => Promise<Page>
}

/** The site for the tests of one file. */
export function useSite(): Visits {
  let site: Site | null = null
  const visits: Visit[] = []
  // Where many tests run at once a browser waits for its turn.
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
  beforeAll(async () => {
    if (NO_CHROMIUM === null) site = await openSite()
  }, 60_000)
  afterAll(() => site?.close())
  afterEach(async () => {
    const faults = visits.flatMap((one) => one.faults)
    for (const { page } of visits.splice(0)) await page.context().close()
    expect(faults).toEqual([])
  })
  return {
    site: () => site!,
    async open(hash, options) {
      const one = await visit(site!, hash, options)
      visits.push(one)
      return one.page
    },
  }
}

/** For the name of a suite: why it is skipped. */
export const BECAUSE = NO_CHROMIUM === null ? '' : ` (skipped: ${NO_CHROMIUM})`
