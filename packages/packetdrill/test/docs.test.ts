import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run } from './support.ts'

/** Fenced blocks of a page, with what stands behind their ```. */
function blocks(path: string): { label: string; text: string }[] {
  const page = readFileSync(new URL(path, import.meta.url), 'utf8')
  return [...page.matchAll(/^```(\w+[^\n]*)\n([\s\S]*?)^```$/gm)].map(([, label, text]) => ({ label, text }))
}

for (const path of ['../../../docs/packetdrill.md', '../README.md']) {
  describe(path, () => {
    const all = blocks(path)
    const scripts = all.filter(({ label }) => label === 'pkt')

    it('has scripts', () => {
      expect(scripts.length).toBeGreaterThan(0)
    })

    for (const [i, { text }] of scripts.entries()) {
      it(`script ${i + 1} runs as it stands`, () => {
        expect(run(text).error?.message).toBeUndefined()
      })
    }

    for (const { label, text } of all) {
      if (label !== 'pkt fails') continue
      it('the script that fails does so in these words', () => {
        const told = all.find((other) => other.label === 'text')?.text.trimEnd()
        expect(run(text, { file: 'first.pkt' }).error?.message).toBe(told)
      })
    }
  })
}
