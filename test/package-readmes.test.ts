import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runProgram } from '../examples/shared/programs.ts'
import { blocksOf } from './support/doc-blocks.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const TSC = join(root, 'node_modules/typescript/bin/tsc')

/** What the parts of programs in these pages take for granted, where they do not say it themselves. */
const GRANTED: Readonly<Record<string, string>> = {
  stack: "declare const stack: import('@tapwire/stack').Stack",
  Stack: "declare const Stack: typeof import('@tapwire/stack').Stack",
  address: "declare const address: import('@tapwire/stack').IpAddress",
  createNet: "declare const createNet: typeof import('@tapwire/net-api').createNet",
  serve: "declare const serve: (socket: import('node:net').Socket) => void",
  text: 'declare const text: string',
}

/** A block as a module of its own. */
function moduleOf(block: string): string {
  const given = Object.entries(GRANTED)
    .filter(([name]) => !new RegExp(`\\b(?:const|let) ${name}\\b|import .*\\b${name}\\b`).test(block))
    .map(([, declaration]) => declaration)
  return `${given.join('\n')}\n${block}\nexport {}\n`
}

const PAGES = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}/README.md`)
  .filter((path) => existsSync(join(root, path)))

it('the code of the packages’ README.md files is right as far as types tell', {
  timeout: 120_000,
}, async () => {
  mkdirSync(join(root, 'tmp'), { recursive: true })
  const folder = mkdtempSync(join(root, 'tmp/readmes-'))
  try {
    const blocks = PAGES.flatMap((path) =>
      blocksOf(readFileSync(join(root, path), 'utf8'))
        // Plain JavaScript says so in its first line.
        .filter(({ language, text }) => language === 'ts' && !/^\/\/ [\w-]+\.js\n/.test(text))
        .map(({ text, line }) => ({ name: `${path.split('/')[1]}-line-${line}.ts`, text: moduleOf(text) })),
    )
    expect(blocks.length).toBeGreaterThan(8)
    for (const { name, text } of blocks) writeFileSync(join(folder, name), text)
    const config = {
      extends: '../../tsconfig.test.json',
      // A part of a program has names that it does not use.
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.ts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = await runProgram(process.execPath, [TSC, '-p', folder], {
      cwd: root,
      timeout: 110_000,
    })
    expect(stdout).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
