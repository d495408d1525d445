import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from './arguments.ts'

/** The scripts of files and folders: those of a folder with all that is below it, by name. @throws UsageError */
export function findScripts(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) throw new UsageError(`there is no '${path}'`)
    if (!stat.isDirectory()) return [path]
    const found = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.pkt'),
    )
    // By code units, not by locale: the same order everywhere.
    return found.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name))
  })
}
