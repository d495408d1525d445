import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const EXERCISES = fileURLToPath(new URL('../../exercises/', import.meta.url))

export interface Exercise {
  /** The name of its folder: '03-checksum'. */
  readonly id: string
  readonly title: string
  /** Absolute. */
  readonly folder: string
  /** The text of its README. */
  readonly text: string
}

/** All exercises, in their order. */
export function listExercises(): Exercise[] {
  const ids = readdirSync(EXERCISES).filter((name) => /^\d\d-/.test(name))
  return ids.sort().map((id) => {
    const folder = join(EXERCISES, id)
    const text = readFileSync(join(folder, 'README.md'), 'utf8')
    return { id, folder, text, title: /^# (.*)/.exec(text)?.[1] ?? id }
  })
}

/** Finds an exercise by its number, its name, or a part of it that no other has. */
export function findExercise(exercises: readonly Exercise[], name: string): Exercise | null {
  const number = /^\d+$/.test(name) ? `${name.padStart(2, '0')}-` : null
  const exact = exercises.find(({ id }) => id === name || (number !== null && id.startsWith(number)))
  if (exact !== undefined) return exact
  const text = name.toLowerCase()
  const close = exercises.filter(
    ({ id, title }) => number === null && `${id} ${title}`.toLowerCase().includes(text),
  )
  return close.length === 1 ? close[0] : null
}

/** The exercise whose name a file has as `select` wrote it, or null. */
export function exerciseOfFile(exercises: readonly Exercise[], file: string): Exercise | null {
  const name = file.split(/[\\/]/).at(-1) ?? ''
  return exercises.find(({ id }) => name === `${id}.ts`) ?? null
}
