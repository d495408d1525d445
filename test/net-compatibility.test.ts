import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../scripts/net-compatibility.mjs', import.meta.url))

function check(): { status: number | null; complaints: string[] } {
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  return { status, complaints: stderr.trim().split('\n').filter(Boolean) }
}

describe('docs/net-compatibility.md', () => {
  it('has code and a test for each thing that node:net does', () => {
    expect(check().complaints.filter((line) => !line.includes('is stale'))).toEqual([])
  })

  it('is what pnpm net-compatibility makes of the code and the tests', (context) => {
    if (process.env.CI !== 'true')
      context.skip('docs/net-compatibility.md is compared in CI only: pnpm net-compatibility makes it anew')
    expect(check()).toEqual({ status: 0, complaints: [] })
  })
})
