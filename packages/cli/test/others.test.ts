import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { folder, run, start } from './support.ts'

const scripts = fileURLToPath(new URL('../../packetdrill/scripts/basics', import.meta.url))

describe('tapwire packetdrill', () => {
  it('runs scripts', async () => {
    const { status, out } = await run(['packetdrill', '--quiet', scripts])
    expect([status, out]).toEqual([0, expect.stringMatching(/^\d+ scripts: \d+ passed, 0 failed\n$/)])
  })

  it('has help and errors of its own', async () => {
    expect(await run(['packetdrill', '--help'])).toMatchObject({
      status: 0,
      out: expect.stringContaining('usage: tapwire-packetdrill'),
    })
    expect(await run(['packetdrill'])).toMatchObject({
      status: 2,
      err: 'tapwire-packetdrill: there is no script to run\n',
    })
  })

  it('is described by tapwire help packetdrill', async () => {
    expect((await run(['help', 'packetdrill'])).out).toMatch(
      /^Usage: tapwire packetdrill [\s\S]*Examples:\n {2}tapwire packetdrill handshake\.pkt/,
    )
  })
})

describe('tapwire demo', () => {
  it('does every step right, between two stacks in memory', async () => {
    const { status, out, err } = await run(['demo', '--size', '1', '--requests', '20'])
    expect([status, err]).toEqual([0, ''])
    expect(out.match(/^ {2}✔ /gm)).toHaveLength(7)
    expect(out).toMatch(/upload 1 MiB: \d+ MiB\/s, SHA-256 equal\n/)
    expect(out).toMatch(
      /\n7 of 7 steps were right, by a second stack; [\d,]+ segments in, [\d,]+ out, 0 sent again\.\n/,
    )
  })

  it('also over a bad network', async () => {
    const { status, out } = await run([
      'demo',
      '--size',
      '1',
      '--requests',
      '5',
      '--impair',
      'latency=2,duplicate=0.1,reorder=0.05',
    ])
    expect([status, out]).toEqual([0, expect.stringContaining('7 of 7 steps were right')])
  })
})

describe('tapwire lab', () => {
  const page = join(folder, 'page')
  mkdirSync(page)
  writeFileSync(join(page, 'index.html'), 'the page')

  it('serves the page at an address that nobody can guess, until Ctrl-C', async () => {
    const lab = start(['lab', '--page', page])
    const [url] = await lab.said(/http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/(?=\n)/)
    expect(await (await fetch(url)).text()).toBe('the page')
    expect((await fetch(new URL('/', url))).status).toBe(404)
    lab.interrupt()
    expect((await lab.ended).status).toBe(130)
    await expect(fetch(url)).rejects.toThrow()
  })

  it('is live with a device, and says what to type', async () => {
    const lab = start(['lab', '--virtual', '--page', page])
    const [, url] = await lab.said(/(http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/\?live)\n/)
    await lab.said(/curl http:\/\/127\.0\.0\.1:\d+\/\n/)
    expect((await fetch(url)).status).toBe(200)
    lab.interrupt()
    expect((await lab.ended).status).toBe(130)
  })

  it('refuses what makes no sense', async () => {
    expect(await run(['lab', '--page', folder])).toMatchObject({
      status: 2,
      err: `tapwire: --page: there is no index.html in ${folder}\n`,
    })
    expect(await run(['lab', '--page', page, '--peer', 'true'])).toMatchObject({
      status: 2,
      err: 'tapwire: --peer needs a device\n',
    })
  })
})
