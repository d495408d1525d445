import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findScripts } from '../src/cli/find-scripts.ts'
import { runScript } from '../src/index.ts'

const FOLDER = fileURLToPath(new URL('../scripts/', import.meta.url))
const scripts = findScripts([FOLDER]).map((file) => ({
  name: file.slice(FOLDER.length),
  text: readFileSync(file, 'utf8'),
}))

/** Everything that can be seen of one run: the verdict, the time it took, and each packet with its time. */
function trace(name: string, text: string): string {
  const chunks: Uint8Array[] = []
  const result = runScript(text, { file: name, capture: (chunk) => chunks.push(chunk) })
  return `${result.passed} ${result.seconds} ${result.error?.message} ${Buffer.concat(chunks).toString('base64')}`
}

describe('scripts', () => {
  it('are there', () => {
    expect(scripts.length).toBeGreaterThan(0)
  })

  for (const { name, text } of scripts) {
    it(name, () => {
      expect(runScript(text, { file: name }).error?.message).toBeUndefined()
    })
  }
})

describe('the whole set passes', { timeout: 120_000 }, () => {
  /** The scripts that do not, with what is wrong. */
  const failures = (
    chosen: readonly { name: string; text: string }[],
    options: Readonly<Record<string, string | number>>,
  ): (string | undefined)[] =>
    chosen
      .map(({ name, text }) => runScript(text, { file: name, options }).error?.message)
      .filter((message) => message !== undefined)

  it('wherever the sequence numbers of the other side begin', () => {
    for (const remote_isn of [0x7fffff00, 0xffffff00]) expect(failures(scripts, { remote_isn })).toEqual([])
  })

  it('whatever sequence numbers, ports and secrets the stack draws', () => {
    for (const seed of [2, 3]) expect(failures(scripts, { seed })).toEqual([])
  })

  // With twenty bytes more the MSS is the same. A script that names its version is about that one alone.
  const anyVersion = scripts.filter(({ text }) => !/^--ip_version=/m.test(text))

  it('over IPv6', () => {
    expect(failures(anyVersion, { ip_version: 'ipv6', mtu: 1520 })).toEqual([])
  })

  it('over IPv4, with sockets of IPv6', () => {
    expect(failures(anyVersion, { ip_version: 'ipv4-mapped-ipv6' })).toEqual([])
  })
})

describe('the whole set', { timeout: 120_000 }, () => {
  it('gives the same packets at the same times in a second run', () => {
    const run = (): string[] => scripts.map(({ name, text }) => trace(name, text))
    expect(run()).toEqual(run())
  })
})
