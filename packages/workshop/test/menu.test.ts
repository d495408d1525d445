import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { findExercise, listExercises } from '../src/cli/exercises.ts'
import { exerciseLines, menuKey, runMenu } from '../src/cli/menu.ts'
import { noProgress } from '../src/cli/progress.ts'
import { styleFor } from '../src/cli/style.ts'

const exercises = listExercises()
const plain = styleFor({ isTTY: false }, {})
const [UP, DOWN, HOME, END] = ['\u001b[A', '\u001b[B', '\u001b[H', '\u001b[F']

/** A terminal without one: what is typed into it, and what it shows. */
function terminal() {
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) })
  const output = new PassThrough()
  let shown = ''
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  return { input, output, raw, shown: () => shown }
}

it('there are at least 13 exercises, numbered without a gap', () => {
  expect(exercises.length).toBeGreaterThanOrEqual(13)
  expect(exercises.map(({ id }) => Number(id.slice(0, 2)))).toEqual(exercises.map((_, at) => at + 1))
})

it('exercises are found by number, by name and by a part that no other has', () => {
  const idOf = (name: string): string | null => findExercise(exercises, name)?.id ?? null
  expect(['3', '03', '03-checksum', 'CHECKSUM', 'slow'].map(idOf)).toEqual([
    '03-checksum',
    '03-checksum',
    '03-checksum',
    '03-checksum',
    '10-slow-start',
  ])
  expect(['0', '99', 'a', ''].map(idOf)).toEqual([null, null, null, null])
})

it('keys move through the list, around its ends, and decide', () => {
  const at = (keys: readonly string[]) => keys.reduce((state, key) => menuKey(state, key, 5), { at: 0 })
  expect(at([DOWN, DOWN, 'k'])).toEqual({ at: 1 })
  expect(at([UP])).toEqual({ at: 4 })
  expect(at([END, 'j'])).toEqual({ at: 0 })
  expect(at([DOWN, HOME])).toEqual({ at: 0 })
  expect(at([DOWN, 'x', '\r'])).toEqual({ at: 1, chosen: 1 })
  for (const key of ['q', '\u001b', '\u0003', '\u0004'])
    expect(at([DOWN, key])).toEqual({ at: 1, chosen: null })
})

it('the menu begins at the first exercise not done, draws, and gives the terminal back', async () => {
  const { input, output, raw, shown } = terminal()
  const progress = { ...noProgress(), passed: { [exercises[0].id]: 'today' } }
  const chosen = runMenu(input, output, exercises, progress, plain)
  input.write(DOWN)
  input.write(`${DOWN}${UP}\r`)
  expect(await chosen).toBe(2)
  expect(raw).toEqual([true, false])
  expect(shown()).toContain('> ✔'.slice(0, 1))
  expect(shown()).toContain('  ✔  1  Read an Ethernet frame')
  expect(shown()).toContain('>    2  Answer an ARP request')
  expect(shown()).toContain('>    3  The Internet checksum')
})

it('the menu is left without a choice', async () => {
  const { input, output, raw } = terminal()
  const chosen = runMenu(input, output, exercises, noProgress(), plain)
  input.write('q')
  expect(await chosen).toBeNull()
  expect(raw).toEqual([true, false])
})

it('colours are for terminals, and for those who want them', () => {
  const colourful = styleFor({ isTTY: true }, {})
  expect(colourful.bad('x')).toBe('\u001b[31mx\u001b[39m')
  for (const [stream, env] of [
    [{ isTTY: false }, {}],
    [{ isTTY: true }, { NO_COLOR: '1' }],
    [{ isTTY: true }, { TERM: 'dumb' }],
  ] as const) {
    expect(styleFor(stream, env).bad('x')).toBe('x')
  }
  expect(exerciseLines(exercises, noProgress(), plain)[0]).toBe('     1  Read an Ethernet frame')
})
