import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Exercise } from './exercises.ts'

const GIVEN = fileURLToPath(new URL('../learner/', import.meta.url))

/** So that an editor knows what `select` gives: imports that end in .ts, and console. */
const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2023', 'DOM'],
      module: 'ESNext',
      moduleResolution: 'Bundler',
      allowImportingTsExtensions: true,
      noEmit: true,
      strict: true,
    },
  },
  null,
  2,
)}\n`

/**
 * Puts what one needs to begin into a folder: the skeleton, and the files it imports. What is there stays as it is.
 * @returns the names of the files that were written
 */
export function writeStarter({ id, folder }: Exercise, target: string): string[] {
  const skeleton = readFileSync(join(folder, 'start.ts'), 'utf8')
  const given = [
    ...new Set([...skeleton.matchAll(/'\.\.\/\.\.\/src\/learner\/([\w-]+\.ts)'/g)].map(([, name]) => name)),
  ]
  const files: [string, string][] = [
    [`${id}.ts`, skeleton.replaceAll('../../src/learner/', './')],
    ...given.map((name): [string, string] => [name, readFileSync(join(GIVEN, name), 'utf8')]),
    ['tsconfig.json', TSCONFIG],
  ]
  const missing = files.filter(([name]) => !existsSync(join(target, name)))
  for (const [name, text] of missing) writeFileSync(join(target, name), text, { flag: 'wx' })
  return missing.map(([name]) => name)
}
