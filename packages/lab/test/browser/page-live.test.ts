import { createCable, impair, requireAddress, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { startLabServer } from '../../src/live/lab-server.ts'
import { LiveRecorder } from '../../src/model/live/live-recorder.ts'
import { NO_CHROMIUM } from './page.ts'
import type { LabWindow } from './page-in-page.ts'
import { BECAUSE, useSite } from './visits.ts'

/** A stack that is watched, and one that talks to it, 10 ms away. */
function makeWorld() {
  const clock = new VirtualClock()
  const recorder = new LiveRecorder()
  const [left, right] = createCable({ clock })
  const own = (seed: number) => ({ clock, random: new SeededRandom(seed), limits: { memory: 1 << 24 } })
  const client = new Stack(own(1))
  const server = new Stack({ ...own(2), trace: recorder.tracer })
  client.addInterface(impair(left, { clock, latency: 10 }), { addresses: ['10.0.0.1/24'] })
  server.addInterface(recorder.watch(right), { addresses: ['10.0.0.2/24'] })
  recorder.attach(server)
  server.tcp.listen({ port: 80 }, { onConnection: (listener) => void listener.accept() })
  const connect = (): void => {
    client.tcp.connect(
      { address: requireAddress('10.0.0.2'), port: 80 },
      { onConnect: (connection) => void connection.write(new Uint8Array(5000)) },
    )
    clock.advance(500)
  }
  return { recorder, connect }
}

describe.skipIf(NO_CHROMIUM !== null)(`the lab's page in live mode${BECAUSE}`, () => {
  const { site, open } = useSite()

  it('shows what was before it came, and what comes then; stands still while one looks back', async () => {
    const { recorder, connect } = makeWorld()
    let tell: (message: string) => void = () => {}
    const server = await startLabServer({
      page: site().serve,
      feed: {
        soFar: () => [recorder.snapshot()],
        listen(listener) {
          tell = listener
          return () => {}
        },
      },
    })
    try {
      connect()
      recorder.flush()
      const page = await open(server.url)
      await page.waitForFunction(
        () => (window as unknown as LabWindow).lab.state.run.recording.segments.length > 5,
      )
      const before = await page.evaluate(() => {
        const { state } = (window as unknown as LabWindow).lab
        const { segments, ends } = state.run.recording
        return {
          first: segments[0].label,
          count: segments.length,
          followed: state.cursor.time === state.run.recording.time,
          states: ends.map(({ host, samples }) => `${host} ${samples.at(-1)?.state}`),
        }
      })
      expect(before).toMatchObject({ first: 'SYN', followed: true })
      expect(before.states).toContain('B ESTABLISHED')
      expect(await page.locator('.run-title').textContent()).toBe('A live stack')
      // Looking back stops the following.
      await page.keyboard.press('ArrowLeft')
      const stood = await page.evaluate(() => (window as unknown as LabWindow).lab.state.cursor.time)
      connect()
      tell(recorder.flush()!)
      await page.waitForFunction(
        (count) => (window as unknown as LabWindow).lab.state.run.recording.segments.length > count,
        before.count,
      )
      expect(await page.evaluate(() => (window as unknown as LabWindow).lab.state.cursor.time)).toBe(stood)
      await page.locator('.transport .play').click()
      expect(
        await page.evaluate(() => {
          const { cursor, run } = (window as unknown as LabWindow).lab.state
          return cursor.time === run.recording.time
        }),
      ).toBe(true)
    } finally {
      await server.close()
    }
  })
})
