import { relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** `file:line:column` of the innermost place in `file` that an error names; null when it names none. */
export function placeIn(error: unknown, file: string): string | null {
  if (!(error instanceof Error)) return null
  return placeInStack(`${error.stack ?? ''}\n${error.message}`, file)
}

/** As `placeIn`, for the text of a stack. */
export function placeInStack(stack: string, file: string): string | null {
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(`${name}:`)
    if (at < 0) continue
    const position = /^:\d+(:\d+)?/.exec(stack.slice(at + name.length))
    if (position !== null) return `${shortName(file)}${position[0]}`
  }
  return null
}

/** As a person in this folder would call it. */
function shortName(file: string): string {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file
  const name = relative(process.cwd(), path)
  return name === '' || name.startsWith('..') ? path : name
}
