import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runTapwire } from '@tapwire/cli'
import { type Browser, chromium } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium as program } from '../../../../test/support/chromium.ts'
import { kernelObstacle, kernelSuite } from '../../../../test/support/kernel.ts'
import { visit } from '../browser/page.ts'

const configFile = fileURLToPath(new URL('../../vite.config.ts', import.meta.url))
const obstacle = kernelObstacle(['curl']) ?? (program === undefined ? 'no chromium is installed' : null)

/** What the page holds of the live stack, by its own words. */
interface Seen {
  readonly labels: readonly string[]
  readonly states: readonly string[]
  readonly address: string | undefined
}

const LOOK = `(() => {
  const { segments, events, ends } = lab.state.run.recording
  return {
    labels: segments.map(({ from, label }) => from + ' ' + label),
    states: events.flatMap(({ event }) => event.kind === 'state' ? [event.to] : []),
    address: ends[0]?.address,
  }
})()`

kernelSuite('the page of tapwire lab --tap', obstacle, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-live-'))
  const pageFolder = join(folder, 'page')
  const go = join(folder, 'go')
  const interruption = new AbortController()
  let browser: Browser
  let status: Promise<number>
  let said = ''
  let url: URL

  beforeAll(async () => {
    await build({ configFile, logLevel: 'error', build: { outDir: pageFolder, emptyOutDir: true } })
    const executablePath = spawnSync('sh', ['-c', `command -v ${program}`], {
      encoding: 'utf8',
    }).stdout.trim()
    browser = await chromium.launch({
      executablePath,
      args: ['--disable-gpu', '--disable-dev-shm-usage'],
      chromiumSandbox: false,
    })
    const out = new PassThrough()
    const address = new Promise<URL>((resolve) =>
      out.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const found = /^http:\S+(?=\n)/m.exec(said)
        if (found !== null) resolve(new URL(found[0]))
      }),
    )
    // curl waits until the page is there.
    const peer = `while ! test -e ${go}; do sleep 0.05; done; curl -sS http://10.77.0.2/; sleep 60`
    const args = [
      'lab',
      '--page',
      pageFolder,
      '--tap',
      'tap0',
      '--netns',
      `twpage-${process.pid}`,
      '--peer',
      peer,
    ]
    status = runTapwire(args, {
      stdin: new PassThrough(),
      stdout: out,
      stderr: new PassThrough().resume(),
      env: { XDG_RUNTIME_DIR: folder },
      interrupted: interruption.signal,
    })
    url = await Promise.race([address, status.then(() => Promise.reject(new Error(`it ended: ${said}`)))])
  }, 120_000)

  afterAll(async () => {
    interruption.abort(2)
    await browser?.close()
    await status?.catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  })

  it('shows the conversation of a real curl as it happens, and stays when the stack has gone', async () => {
    const site = { url: url.href, compressed: 0, browser, serve: () => {}, close: () => Promise.resolve() }
    const { page, faults } = await visit(site, url.href)
    expect(await page.textContent('h1')).toBe('A live stack')
    writeFileSync(go, '')
    const look = async (): Promise<Seen> => (await page.evaluate(LOOK)) as Seen
    await expect.poll(async () => (await look()).states, { timeout: 20_000 }).toContain('CLOSED')
    const seen = await look()
    expect(seen.address).toBe('10.77.0.2:80')
    expect(seen.labels.slice(0, 3)).toEqual([
      'A SYN',
      'B SYN ACK',
      expect.stringMatching(/^A ack 1 win \d+$/),
    ])
    expect(seen.labels).toContainEqual(expect.stringMatching(/^A seq 1:\d+ ack 1 win \d+$/))
    expect(seen.labels).toContainEqual(expect.stringMatching(/^B seq 1:\d+ ack \d+ win \d+$/))
    expect(
      seen.labels
        .filter((label) => label.includes('FIN'))
        .map(([from]) => from)
        .sort(),
    ).toEqual(['A', 'B'])
    expect(seen.states).toEqual(expect.arrayContaining(['ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']))
    expect(said).toContain('<h1>Frames in, sockets out</h1>')

    interruption.abort(2)
    expect(await status).toBe(130)
    expect(existsSync(`/run/netns/twpage-${process.pid}`)).toBe(false)
    await page.waitForSelector('.toast >> text=The live stack has gone')
    expect((await look()).labels).toEqual(seen.labels)
    expect(faults).toEqual([])
  })
})
