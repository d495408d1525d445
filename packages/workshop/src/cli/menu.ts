import type { Exercise } from './exercises.ts'
import type { Progress } from './progress.ts'
import type { Style } from './style.ts'

export interface MenuState {
  readonly at: number
  /** Undefined while nothing is decided; null for leaving without a choice. */
  readonly chosen?: number | null
}

/** What a key does. Keys are named by what terminals send for them. */
export function menuKey(state: MenuState, key: string, length: number): MenuState {
  switch (key) {
    case '\u001b[A':
    case 'k':
      return { at: (state.at + length - 1) % length }
    case '\u001b[B':
    case 'j':
      return { at: (state.at + 1) % length }
    case '\u001b[H':
      return { at: 0 }
    case '\u001b[F':
      return { at: length - 1 }
    case '\r':
    case '\n':
      return { ...state, chosen: state.at }
    case 'q':
    case '\u001b':
    case '\u0003':
    case '\u0004':
      return { ...state, chosen: null }
    default:
      return state
  }
}

/** One line an exercise: done or not, which one is selected. `at` marks the cursor. */
export function exerciseLines(
  exercises: readonly Exercise[],
  progress: Progress,
  style: Style,
  at: number | null = null,
): string[] {
  return exercises.map(({ id, title }, index) => {
    const mark = progress.passed[id] === undefined ? ' ' : style.good('✔')
    const number = String(Number(id.slice(0, 2))).padStart(2)
    const selected = progress.selected === id ? style.faint('  (selected)') : ''
    const text = `${mark} ${number}  ${title}`
    return `${index === at ? '>' : ' '} ${index === at ? style.strong(text) : text}${selected}`
  })
}

interface MenuInput extends NodeJS.ReadableStream {
  setRawMode?(on: boolean): unknown
}

/** Shows the list and lets somebody choose with the keys. @returns the exercise's place in the list, or null */
export function runMenu(
  input: MenuInput,
  output: NodeJS.WritableStream,
  exercises: readonly Exercise[],
  progress: Progress,
  style: Style,
): Promise<number | null> {
  const next = exercises.findIndex(({ id }) => progress.passed[id] === undefined)
  let state: MenuState = { at: Math.max(next, 0) }
  const draw = (): void => {
    output.write(`${exerciseLines(exercises, progress, style, state.at).join('\n')}\n`)
  }
  output.write(`\n${style.strong('TCP/IP by hand: the tapwire workshop')}\n\n`)
  output.write(`${style.faint('Arrows move, Enter selects, q leaves. --help says what else there is.')}\n\n`)
  draw()
  input.setRawMode?.(true)
  return new Promise((resolve) => {
    const onData = (data: Buffer | string): void => {
      for (const key of keysIn(String(data))) {
        state = menuKey(state, key, exercises.length)
        if (state.chosen === undefined) continue
        input.setRawMode?.(false)
        input.off('data', onData)
        input.pause()
        resolve(state.chosen)
        return
      }
      // Up over the list, and down again line by line.
      output.write(`\u001b[${exercises.length}A\u001b[0J`)
      draw()
    }
    input.on('data', onData)
    input.resume()
  })
}

/** An arrow or another key of more than one byte: ESC [ and a letter. */
const SEQUENCE = /^\[[A-Z]/

/** Several keys may come in one piece, when somebody is fast or pastes. */
function keysIn(text: string): string[] {
  const keys: string[] = []
  for (let at = 0; at < text.length; ) {
    const more = text[at] === '\u001b' ? SEQUENCE.exec(text.slice(at + 1)) : null
    const key = text[at] + (more?.[0] ?? '')
    keys.push(key)
    at += key.length
  }
  return keys
}
