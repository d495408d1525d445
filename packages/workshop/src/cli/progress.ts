import { mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** How far somebody has come. Exercises are named by their folders. */
export interface Progress {
  readonly version: 1
  selected: string | null
  /** When each exercise was solved, as an ISO date. */
  passed: Record<string, string>
  /** How many hints of each exercise were shown. */
  hints: Record<string, number>
}

export const noProgress = (): Progress => ({ version: 1, selected: null, passed: {}, hints: {} })

/** $XDG_STATE_HOME, as the XDG base directory specification has it: only an absolute path counts. */
export function progressFile(env: NodeJS.ProcessEnv = process.env): string {
  const state = env.XDG_STATE_HOME
  const base = state?.startsWith('/') ? state : join(env.HOME || homedir(), '.local', 'state')
  return join(base, 'tapwire-workshop', 'progress.json')
}

export interface Loaded {
  readonly progress: Progress
  /** What the person should know: that the file could not be read. */
  readonly note: string | null
}

/** Reads the file. One that makes no sense is set aside under another name; never throws. */
export function loadProgress(file: string): Loaded {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { progress: noProgress(), note: null }
    return { progress: noProgress(), note: `Your progress cannot be read (${(error as Error).message}).` }
  }
  const progress = parseProgress(text)
  if (progress !== null) return { progress, note: null }
  return { progress: noProgress(), note: setAside(file) }
}

/** Writes the file whole or not at all. @returns why it could not be, or null */
export function saveProgress(file: string, progress: Progress): string | null {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(temporary, `${JSON.stringify(progress, null, 2)}\n`)
    renameSync(temporary, file)
    return null
  } catch (error) {
    removeIfThere(temporary)
    return `Your progress could not be kept: ${(error as Error).message}`
  }
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It was never made.
  }
}

function setAside(file: string): string {
  const aside = `${file}.broken-${new Date().toISOString().replaceAll(':', '-')}`
  try {
    renameSync(file, aside)
    return `The file of your progress made no sense. It is now ${aside}, and a new one begins.`
  } catch (error) {
    return `The file of your progress (${file}) makes no sense, and cannot be set aside: ${(error as Error).message}`
  }
}

function parseProgress(text: string): Progress | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { version, selected, passed, hints } = value as Record<string, unknown>
  if (version !== 1 || !(selected === null || typeof selected === 'string')) return null
  if (!isRecordOf(passed, 'string') || !isRecordOf(hints, 'number')) return null
  return {
    version,
    selected,
    passed: passed as Record<string, string>,
    hints: hints as Record<string, number>,
  }
}

function isRecordOf(value: unknown, type: 'string' | 'number'): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((entry) => typeof entry === type)
}
