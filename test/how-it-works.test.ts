import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FIGURES } from '../scripts/diagrams/figures.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = join(root, 'packages')
const page = readFileSync(join(root, 'docs/how-it-works.md'), 'utf8')

const sources = new Map(
  ['stack', 'tap-driver', 'net-api'].flatMap((name) =>
    readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${name}/src/${file.replaceAll('\\', '/')}`)
      .map((file) => [file, readFileSync(join(packages, file), 'utf8')] as const),
  ),
)

/** Whether a text of the code declares what is called so: a class with a method, a function, a field, a type. */
function declares(text: string, name: string): boolean {
  const [owner, member] = name.split('.')
  if (member === undefined) {
    return new RegExp(
      `\\b(?:class|interface|function|const|type) ${owner}\\b|^\\s+(?:readonly |get )?${owner}\\??[(:]|^\\s+${owner} = |\\b${owner}:`,
      'm',
    ).test(text)
  }
  return (
    new RegExp(`\\b(?:class|interface) ${owner}\\b`).test(text) &&
    new RegExp(`^\\s+(?:override |async )?${member}(?:<[^>]*>)?\\(|^\\s+readonly ${member} = `, 'm').test(
      text,
    )
  )
}

it('docs/how-it-works.md names what there is in the code', () => {
  const spans = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text.replace(/\(\)$/, ''))
  const names = spans.filter((text) => /^[A-Za-z_]\w*(?:\.#?\w+)?$/.test(text) && !text.endsWith('.ts'))
  const known = ['TCP_INFO', 'setTimeout']
  expect(names.length).toBeGreaterThan(80)
  const texts = [...sources.values()]
  const gone = names.filter((name) => {
    const bare = name.replace(/^(?:connection|stack)\./, '')
    return !known.includes(name) && !texts.some((text) => declares(text, bare))
  })
  expect(gone, 'Not declared anywhere in packages: correct the name in docs/how-it-works.md').toEqual([])
})

it('the diagrams name what stands in the files that they name', () => {
  const boxes = FIGURES.flatMap(({ lanes }) => lanes.flatMap(([, content]) => content as string[][]))
  expect(boxes.length).toBeGreaterThan(60)
  const wrong = boxes.filter(([name, file]) => !declares(sources.get(file) ?? '', name))
  expect(wrong, 'Correct scripts/diagrams/figures.mjs, and run "npm run diagrams"').toEqual([])
})

it('the diagrams are drawn as they are described, and shown', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/diagrams.mjs'), '--check'], {
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
  for (const { name } of FIGURES) expect(page).toContain(`(diagrams/${name}.svg)`)
})
