import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findScripts } from '../src/cli/find-scripts.ts'
import { runScript } from '../src/index.ts'

const FOLDER = fileURLToPath(new URL('../scripts/', import.meta.url))
const scripts = findScripts([FOLDER]).map((file) => ({
  name: file.slice(FOLDER.length),
  text: readFileSync(file, 'utf8'),
}))

/** Everything that can be seen of one run: the verdict, the time it took, and each packet with its time. */
function trace(name: string, text: string): string {
  const chunks: Uint8Array[] = []
  const result = runScript(text, { file: name, capture: (chunk) => chunks.push(chunk) })
  return `${result.passed} ${result.seconds} ${result.error?.message} ${Buffer.concat(chunks).toString('base64')}`
}

describe('scripts', () => {
  it('are there', () => {
    expect(scripts.length).toBeGreaterThan(0)
  })

  for (const { name, text } of scripts) {
    it(name, () => {
      expect(runScript(text, { file: name }).error?.message).toBeUndefined()
    })
  }
})

describe('the whole set', () => {
  it('gives the same packets at the same times in a second run', () => {
    const run = (): string[] => scripts.map(({ name, text }) => trace(name, text))
    expect(run()).toEqual(run())
  })
})
