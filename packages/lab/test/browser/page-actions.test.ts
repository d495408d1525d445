import { readFileSync } from 'node:fs'
import { runScript } from '@tapwire/packetdrill'
import { packets, pcapng } from '@tapwire/stack'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { NO_CHROMIUM } from './page.ts'
import type { LabWindow } from './page-in-page.ts'
import { BECAUSE, useSite } from './visits.ts'

interface Shown {
  readonly time: number
  readonly horizon: number
  readonly segment: number | null
  readonly segments: number
  readonly lost: readonly number[]
  readonly again: number
  readonly compared: { readonly segments: number; readonly congestion: string | undefined } | null
}

/** What the page shows, as data. */
function look(page: Page): Promise<Shown> {
  return page.evaluate(() => {
    const { state } = (window as unknown as LabWindow).lab
    const { segments } = state.run.recording
    const { compared } = state
    return {
      time: state.cursor.time,
      horizon: state.horizon,
      segment: state.cursor.segment,
      segments: segments.filter(({ sentAt }) => sentAt <= state.horizon).length,
      lost: segments.filter(({ lost }) => lost !== null).map(({ number }) => number),
      again: segments.filter(({ again }) => again !== null).length,
      compared: compared && {
        segments: compared.run.recording.segments.length,
        congestion: compared.run.recording.scenario?.hosts.A.congestion,
      },
    }
  })
}

const seek = (page: Page, time: number): Promise<void> =>
  page.evaluate((to) => {
    const { lab } = window as unknown as LabWindow
    lab.seek(to)
    lab.store.show()
  }, time)

describe.skipIf(NO_CHROMIUM !== null)(`what can be done on the lab's page${BECAUSE}`, () => {
  const { open } = useSite()

  it('steps one event on and back; plays and pauses', async () => {
    const page = await open()
    await page.keyboard.press('ArrowRight')
    const first = await look(page)
    await page.keyboard.press('ArrowRight')
    const second = await look(page)
    expect(second.time).toBeGreaterThan(first.time)
    await page.keyboard.press('ArrowLeft')
    const back = await look(page)
    expect(back.time).toBe(first.time)
    // What was shown stays.
    expect(back.horizon).toBe(second.time)
    await page.locator('.transport .play').click()
    await page.waitForFunction(
      (time) => (window as unknown as LabWindow).lab.state.cursor.time > time,
      second.time + 2,
    )
    await page.locator('.transport .play').click()
    const paused = await look(page)
    await page.waitForTimeout(100)
    expect((await look(page)).time).toBe(paused.time)
  })

  it('goes back with the slider, and forward again, and shows the same', async () => {
    const page = await open()
    await seek(page, 400)
    const before = await look(page)
    await page.locator('.scrubber').fill('250')
    const back = await look(page)
    expect(back.time).toBeCloseTo(100, 0)
    expect(back.segments).toBe(before.segments)
    await page.locator('.scrubber').fill('1000')
    expect((await look(page)).time).toBeCloseTo(400, 0)
  })

  it('selects a segment by a click on its arrow, and shows its fields, bytes and reason; one lights the other', async () => {
    const page = await open()
    await seek(page, 90)
    const ladder = page.locator('[data-ladder="0"]')
    await ladder.evaluate((element) => {
      element.scrollTop = 0
    })
    await page.waitForTimeout(50)
    const box = (await ladder.boundingBox())!
    // The first arrow begins at A's lifeline, below the names of the hosts.
    let hit: Shown | null = null
    for (let y = 40; y < 120 && hit?.segment !== 0; y += 4) {
      await page.mouse.click(box.x + box.width / 2, box.y + y)
      hit = await look(page)
    }
    expect(hit?.segment).toBe(0)
    await page.waitForSelector('.segment-title:has-text("SYN")')
    expect(await page.locator('.explanation').textContent()).toMatch(/RFC 9293/)
    await page.locator('.field', { hasText: /^Sequence number/ }).hover()
    // Ethernet has 14 bytes, IPv4 20, the ports 4.
    expect(
      await page.locator('.byte.lit').evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.at))),
    ).toEqual([38, 39, 40, 41])
    await page.locator('.byte[data-at="47"]').hover()
    await page.waitForSelector('.field.lit:has-text("Flags")')
    expect(await page.locator('.field.lit').first().textContent()).toMatch(/Flags.*SYN/)
  })

  it('tells those who hear the page which segment the arrow keys select', async () => {
    const page = await open()
    await seek(page, 90)
    await page.locator('[data-ladder="0"]').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('[data-live]:has-text("Segment 1 of")')
    expect(await page.locator('[data-live]').textContent()).toMatch(/SYN ACK.*From B to A/)
    await page.keyboard.press('ArrowUp')
    await page.waitForSelector('[data-live]:has-text("Segment 0 of")')
  })

  it('drops the selected segment: it is sent again', async () => {
    const page = await open()
    await seek(page, 150)
    expect((await look(page)).lost).toEqual([])
    const data = await page.evaluate(() => {
      const { lab } = window as unknown as LabWindow
      const number = lab.state.run.recording.segments.findIndex(({ length }) => length > 0)
      lab.select(number)
      return number
    })
    await page.getByRole('button', { name: 'Drop this segment' }).click()
    const dropped = await look(page)
    expect(dropped.lost).toEqual([data])
    expect(dropped.time).toBe(150)
    await page.keyboard.press('End')
    expect((await look(page)).again).toBeGreaterThan(0)
    expect(new URL(page.url()).hash).toMatch(/^#run=/)
  })

  it('drops the next segment, flips a bit, forges a RST', async () => {
    const page = await open()
    await seek(page, 45)
    await page.getByRole('tab', { name: 'Break it' }).click()
    await page.locator('[data-act="drop A→B data"]').click()
    await seek(page, 120)
    const [lost] = (await look(page)).lost
    expect(lost).toBeGreaterThan(2)
    const damaged = await page.evaluate(() => {
      const { lab } = window as unknown as LabWindow
      const { segments } = lab.state.run.recording
      const number = segments.findIndex(({ length, lost: gone }) => length > 0 && gone === null)
      lab.actOn(number, { do: 'flip', bit: 47 * 8 })
      lab.seek(200)
      return lab.state.run.recording.segments[number].damaged
    })
    expect(damaged).toBe(true)
    await page.locator('[data-act="forge"]').click()
    await page.keyboard.press('End')
    const end = await page.evaluate(() => {
      const { recording } = (window as unknown as LabWindow).lab.state.run
      const b = recording.ends.find(({ host }) => host === 'B')!
      return {
        forged: recording.segments.some(({ from }) => from === 'forger'),
        state: b.samples.at(-1)!.state,
      }
    })
    expect(end).toEqual({ forged: true, state: 'CLOSED' })
  })

  it('changes the link and the hosts, from the start or from now on', async () => {
    const page = await open()
    await seek(page, 100)
    await page.getByRole('tab', { name: 'Break it' }).click()
    await page.locator('[data-setting="loss A→B"]').fill('60')
    const scenario = (): Promise<LabWindow['lab']['scenario']> =>
      page.evaluate(() => (window as unknown as LabWindow).lab.scenario)
    expect((await scenario())?.link['A→B'].loss).toBeGreaterThan(0.05)
    await page.getByLabel('only from the cursor’s time on').check()
    await page.locator('[data-setting="latency A→B"]').fill('50')
    expect((await scenario())?.actions.filter((action) => action.do === 'link')).toHaveLength(2)
    await page.locator('summary', { hasText: 'Hosts' }).click()
    await page.locator('[data-setting="sack A"]').uncheck()
    await page.locator('[data-setting="congestion A"]').selectOption('BBR')
    expect((await scenario())?.hosts.A).toEqual({ sack: false, congestion: 'bbr' })
    // What cannot be is refused in words, and nothing changes.
    await page.locator('summary', { hasText: 'Applications' }).click()
    await page.locator('[data-setting="app 0"]').selectOption('Slow reader')
    expect((await scenario())?.flows[0].app).toBe('slowReader')
  })

  it('compares with another setting, under one cursor', async () => {
    const page = await open()
    await seek(page, 600)
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.locator('[data-compare="congestion-newreno"]').click()
    await page.waitForSelector('[data-ladder="1"]')
    const both = await look(page)
    expect(both.compared?.congestion).toBe('newreno')
    expect(both.compared?.segments).toBeGreaterThan(100)
    await page.keyboard.press('End')
    const rows = page.locator('.compare-bar tbody tr')
    expect(await rows.count()).toBe(2)
    expect(await rows.nth(0).textContent()).not.toBe(await rows.nth(1).textContent())
    await page.locator('[data-compare-close]').click()
    expect((await look(page)).compared).toBeNull()
  })

  it('shares a run by its address: another browser shows the same segments', async () => {
    const page = await open()
    await seek(page, 300)
    await page.keyboard.press('d')
    await page.keyboard.press('s')
    const other = await open(new URL(page.url()).hash)
    const [mine, theirs] = await Promise.all([page, other].map((one) => frames(one)))
    expect(theirs.time).toBe(300)
    expect(theirs.frames).toEqual(mine.frames)
  })

  it('says in words that an address holds no run', async () => {
    const page = await open('#run=1nonsense')
    await page.waitForSelector('.toast')
    expect((await look(page)).segments).toBeLessThan(2)
  })

  it('exports what Wireshark, packetdrill, spreadsheets and drawing programs read', async () => {
    const page = await open()
    await seek(page, 300)
    const take = async (id: string): Promise<Buffer> => {
      await page.getByRole('button', { name: 'Export' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.locator(`[data-menu="${id}"]`).click(),
      ])
      return readFileSync((await download.path())!)
    }
    const shown = (await look(page)).segments
    const capture = pcapng.readPcapng(await take('pcapng'))!
    expect(capture.packets.length).toBeGreaterThanOrEqual(shown)
    expect(packets.decodeFrame(capture.packets[0].bytes).tcp?.flags).toBe(2)
    for (const host of ['A', 'B']) {
      const result = runScript(String(await take(`script-${host}`)))
      expect(result.error?.message ?? null).toBeNull()
    }
    const table = String(await take('csv-segments'))
      .trim()
      .split('\n')
    expect(table[0]).toMatch(/^number,from,/)
    expect(table).toHaveLength(shown + 1)
    expect(String(await take('csv-window'))).toMatch(/^time,cwnd,ssthresh,/)
    const ladder = String(await take('ladder-svg'))
    expect(ladder).toMatch(/^<svg /)
    expect(ladder).toContain('SYN ACK')
    const states = String(await take('states-svg'))
    expect(states).toContain('TIME-WAIT')
    expect(states).toMatch(/class="state lit-A lit-B"/)
    expect(String(await take('plot-svg'))).toContain('cwnd')
    expect(String(await take('buffers-svg'))).toContain('snd.una')
    for (const id of ['ladder-png', 'states-png', 'buffers-png', 'plot-png']) {
      expect([...(await take(id)).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47])
    }
  })
})

function frames(page: Page): Promise<{ time: number; frames: string[] }> {
  return page.evaluate(() => {
    const { state } = (window as unknown as LabWindow).lab
    const shown = state.run.recording.segments.filter(({ sentAt }) => sentAt <= state.horizon)
    return { time: state.cursor.time, frames: shown.map(({ frame, sentAt }) => `${sentAt} ${frame.join()}`) }
  })
}
