import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readImportGraph } from '../../../../test/support/import-graph.ts'

const source = fileURLToPath(new URL('../../src', import.meta.url))
const graph = readImportGraph(source)

/** What only a page or only Node has; the same word behind a dot, or before a colon, is a field. */
const HOST_ONLY =
  /(?<![.\w'"`])(?:Buffer|process|globalThis|document|navigator|setTimeout|setInterval|queueMicrotask|requestAnimationFrame|fetch|console|performance|localStorage)\b(?!\s*\??:)/

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}

describe.each(['model', 'lessons'])('src/%s runs in any host of JavaScript', (folder) => {
  const files = graph.files.filter((file) => file.startsWith(`${folder}/`))
  const edges = graph.edges.filter(({ from }) => from.startsWith(`${folder}/`))

  test('it is there', () => {
    expect(files.length).toBeGreaterThan(5)
  })

  test('it imports the stack, the model and itself, and nothing of a page or of Node', () => {
    const outside = edges.filter(({ relative, target }) =>
      relative ? !/^(?:model|lessons)\//.test(target) : target !== '@tapwire/stack',
    )
    expect(outside).toEqual([])
  })

  test('it names no host objects', () => {
    const naming = files.filter((file) =>
      HOST_ONLY.test(withoutComments(readFileSync(`${source}/${file}`, 'utf8'))),
    )
    expect(naming).toEqual([])
  })
})

test('the model knows nothing of lessons', () => {
  expect(
    graph.edges.filter(({ from, target }) => /^model\//.test(from) && /^lessons\//.test(target)),
  ).toEqual([])
})
