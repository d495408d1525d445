import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { unusedExports } from './support/exports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const inRoot = (name: string): string => join(root, name)
const unix = (path: string): string => path.split(sep).join('/')

/** The sources of what the packages' package.json files offer. */
function entries(): string[] {
  return readdirSync(inRoot('packages')).flatMap((name) => {
    const text = readFileSync(inRoot(`packages/${name}/package.json`), 'utf8')
    const offered = [...text.matchAll(/"\.\/dist\/([\w/-]+)\.js"/g)]
    return offered.map(([, module]) => inRoot(join('packages', name, 'src', `${module}.ts`)))
  })
}

it('the search for unused exports sees imports, namespaces and what is passed on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-exports-'))
  try {
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
    write(
      'a.ts',
      'export const used = 1\nexport function lonely() {}\nexport class Spread {}\nexport type T = 1\n',
    )
    write('b.ts', "import {\n  used as mine,\n} from './a.ts'\nimport * as c from './c.ts'\nc.two(mine)\n")
    write('c.ts', "export * from './d.ts'\nexport const one = 1\n")
    write('d.ts', 'export const two = 2\nexport const three = 3\n')
    write('index.ts', "export * from './e.ts'\nexport { Spread } from './a.ts'\n")
    write('e.ts', 'export const open = 1\n')
    const found = unusedExports([folder], () => true, [join(folder, 'index.ts')]).map(
      ({ file, name }) => `${relative(folder, file)} ${name}`,
    )
    expect(found.sort()).toEqual(['a.ts lonely', 'c.ts one', 'd.ts three'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('everything a file of the packages exports is imported somewhere', () => {
  const folders = ['packages', 'test', 'examples', 'scripts'].map(inRoot)
  const owned = (file: string) => /^packages\/[\w-]+\/src\//.test(unix(relative(root, file)))
  const unused = unusedExports(folders, owned, entries())
  expect(
    unused.map(({ file, name }) => `${unix(relative(root, file))}: ${name}`),
    'Nobody imports these: take the word `export` away, or the code, if its own file does not use it either',
  ).toEqual([])
})
