import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findCycles, type ImportEdge, readImportGraph, scanImports } from './support/import-graph.ts'

const sourceOf = (name: string): string => fileURLToPath(new URL(`../packages/${name}/src`, import.meta.url))

/**
 * The folders of packages/stack/src by height: a file may import its own folder and what lies strictly lower.
 * Two folders on one line know nothing of each other.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['wire', 'limits.ts'],
  ['link'],
  ['ip'],
  ['ethernet'],
  ['icmp'],
  ['ipv4', 'ipv6'],
  ['udp', 'tcp'],
  ['debug'],
  ['stack.ts'],
  ['warm-up.ts'],
  ['index.ts'],
]

const rank = new Map(LAYERS.flatMap((names, height) => names.map((name) => [name, height] as const)))
const layerOf = (file: string): string => file.split('/')[0]

const stack = readImportGraph(sourceOf('stack'))

function isUpward({ from, target }: ImportEdge): boolean {
  const a = layerOf(from)
  const b = layerOf(target)
  return a !== b && (rank.get(b) ?? Number.POSITIVE_INFINITY) >= (rank.get(a) ?? -1)
}

const show = ({ from, target }: ImportEdge): string => `${from} -> ${target}`

describe('the scanner', () => {
  it('finds imports in every form, and none in comments', () => {
    const source = [
      "import { a,\n  type b } from './one.ts'",
      "import type { c } from './two.ts'",
      "export * from './three.ts'",
      "import './four.ts'",
      "// import x from './no.ts'",
      "/** import y from './no.ts' */",
      "const later = await import('./five.ts')",
    ].join('\n')
    expect(scanImports(source)).toEqual([
      { specifier: './one.ts', typeOnly: false },
      { specifier: './two.ts', typeOnly: true },
      { specifier: './three.ts', typeOnly: false },
      { specifier: './four.ts', typeOnly: false },
      { specifier: './five.ts', typeOnly: false },
    ])
  })

  it('finds cycles, and calls no chain one', () => {
    expect(
      findCycles([
        ['a', 'b'],
        ['b', 'c'],
        ['a', 'c'],
      ]),
    ).toEqual([])
    expect(
      findCycles([
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'a'],
        ['c', 'd'],
      ]),
    ).toEqual([['a', 'b', 'c']])
  })
})

describe('packages/stack/src', () => {
  it('is not empty, and every folder has its place among the layers', () => {
    expect(stack.files.length).toBeGreaterThan(20)
    expect(stack.edges.length).toBeGreaterThan(stack.files.length / 2)
    expect([...new Set(stack.files.map(layerOf))].filter((layer) => !rank.has(layer))).toEqual([])
  })

  it('imports nothing but its own files and ip-address', () => {
    const outside = stack.edges.filter((edge) => !edge.relative && edge.target !== 'ip-address')
    const escaping = stack.edges.filter((edge) => edge.relative && edge.target.startsWith('..'))
    expect([...outside, ...escaping].map(show)).toEqual([])
  })

  it('imports only files that exist, by their whole name', () => {
    const known = new Set(stack.files)
    expect(stack.edges.filter((edge) => edge.relative && !known.has(edge.target)).map(show)).toEqual([])
  })

  it('imports downwards only', () => {
    expect(stack.edges.filter((edge) => edge.relative && isUpward(edge)).map(show)).toEqual([])
  })

  it('keeps wire/ on core/ alone, and core/ on nothing', () => {
    const own = (folder: string, allowed: readonly string[]) =>
      stack.edges
        .filter((edge) => layerOf(edge.from) === folder && !allowed.includes(layerOf(edge.target)))
        .map(show)
    expect(own('wire', ['wire', 'core'])).toEqual([])
    expect(own('core', ['core'])).toEqual([])
  })

  it('keeps tcp/ and udp/ free of IP versions', () => {
    const versioned = stack.edges.filter(
      (edge) =>
        ['tcp', 'udp'].includes(layerOf(edge.from)) && ['ipv4', 'ipv6'].includes(layerOf(edge.target)),
    )
    expect(versioned.map(show)).toEqual([])
  })

  it('has no cycle between folders', () => {
    const between = stack.edges
      .filter((edge) => edge.relative && layerOf(edge.from) !== layerOf(edge.target))
      .map((edge) => [layerOf(edge.from), layerOf(edge.target)] as const)
    expect(findCycles(between)).toEqual([])
  })

  it('has no cycle between files, apart from imports of types', () => {
    const values = stack.edges.filter((edge) => edge.relative && !edge.typeOnly)
    expect(findCycles(values.map((edge) => [edge.from, edge.target] as const))).toEqual([])
  })
})

describe.each(['tap-driver', 'net-api'])('packages/%s/src', (name) => {
  const graph = readImportGraph(sourceOf(name))
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(new URL(`../packages/${name}/package.json`, import.meta.url), 'utf8'),
  )
  const allowed = Object.keys({ ...dependencies, ...peerDependencies })

  it('imports only Node, its declared dependencies and its own files', () => {
    const outside = graph.edges.filter(
      (edge) => !edge.relative && !edge.target.startsWith('node:') && !allowed.includes(edge.target),
    )
    expect(outside.map(show)).toEqual([])
  })

  it('has no cycle between files, apart from imports of types', () => {
    const values = graph.edges.filter((edge) => edge.relative && !edge.typeOnly)
    expect(findCycles(values.map((edge) => [edge.from, edge.target] as const))).toEqual([])
  })
})
