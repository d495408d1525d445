import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SeededRandom } from '@tapwire/stack'
import { expect, it } from 'vitest'
import { findScripts } from '../src/cli/find-scripts.ts'
import { ScriptError } from '../src/index.ts'
import { run } from './support.ts'

const SCRIPTS = findScripts([fileURLToPath(new URL('../scripts/', import.meta.url))])
const MUTATIONS = Number(process.env.PACKETDRILL_MUTATIONS ?? 300)
/** Pieces that mean something in some place. */
const PIECES = [
  '<',
  '>',
  '...',
  '*',
  '~',
  '+0',
  '-1',
  '0x',
  '4294967295',
  '(',
  ')',
  '{',
  '[',
  '"',
  '`',
  '%{',
  '}%',
  'S.',
  'NULL',
  '\n',
  '#if 1\n',
  '//',
  '/*',
]

function mutated(text: string, random: SeededRandom): string {
  const at = random.uint32() % (text.length + 1)
  const length = random.uint32() % 12
  const piece = PIECES[random.uint32() % PIECES.length]
  switch (random.uint32() % 4) {
    case 0:
      return text.slice(0, at) + text.slice(at + length)
    case 1:
      return text.slice(0, at) + piece + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at)
    default:
      return text.slice(0, at) + piece + text.slice(at + length)
  }
}

it(`whatever a script says, it passes or fails: ${MUTATIONS} scripts that are damaged`, () => {
  const random = new SeededRandom(Number(process.env.PACKETDRILL_SEED ?? 7))
  for (let i = 0; i < MUTATIONS; i++) {
    let text = readFileSync(SCRIPTS[random.uint32() % SCRIPTS.length], 'utf8')
    for (let n = random.uint32() % 4; n >= 0; n--) text = mutated(text, random)
    try {
      const { error } = run(text)
      if (error !== null) {
        expect(error).toBeInstanceOf(ScriptError)
        expect(error.reason).not.toContain('the stack is broken')
        expect(error.line).toBeLessThanOrEqual(text.split('\n').length)
      }
    } catch (error) {
      throw new Error(`This script must not throw:\n${text}`, { cause: error })
    }
  }
})
