import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { citationsInCode } from '../scripts/rfc-map/code.mjs'
import { findIds } from '../scripts/rfc-map/ids.mjs'
import { parseDeviations, parseRules } from '../scripts/rfc-map/rules.mjs'
import { citationsInComments, citationsInTitles } from '../scripts/rfc-map/titles.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = join(root, 'scripts/rfc-map.mjs')

const ids = (text: string): string[] => findIds(text).map(({ id }) => id)
const owners = (source: string): string[] => citationsInCode(source).map(({ id, owner }) => `${id} ${owner}`)
const titles = (source: string): string[] =>
  citationsInTitles(source).map(({ id, title }) => `${id} ${title}`)

describe('ids in text', () => {
  it.each([
    ['ETH-01..03', ['ETH-01', 'ETH-02', 'ETH-03']],
    ['ETH-09...11 padded', ['ETH-09', 'ETH-10', 'ETH-11']],
    ['MUST-34..36, SHLD-24', ['MUST-34', 'MUST-35', 'MUST-36', 'SHLD-24']],
    ['ND-01 to ND-03 and ND-05', ['ND-01', 'ND-02', 'ND-03', 'ND-05']],
    ['ND-01–ND-02', ['ND-01', 'ND-02']],
    ['R7323-25, R7323-26', ['R7323-25', 'R7323-26']],
    ['SEG-07/08 and SEG-09/SHLD-2', ['SEG-07', 'SEG-08', 'SEG-09', 'SHLD-2']],
    ['V6F-03: (LL4-01), R1122-KA', ['V6F-03', 'LL4-01', 'R1122-KA']],
    ['MUST-1 to 3 bytes', ['MUST-1']],
    ['FIN-WAIT-1, FIN-WAIT-2, SND.UNA-1, 01-80-C2-00, SHA-256, UTF-8, MUST-3rd', []],
  ])('%s', (text, expected) => {
    expect(ids(text)).toEqual(expected)
  })
})

describe('code', () => {
  it('a comment speaks of what follows it, or of what it stands in', () => {
    const source = `/* The file: MUST-1 */

import { a } from './a.ts'

/** MUST-2 */
export function f(x: { y: number }): { z: number } {
  // MUST-3
  const w = x.y / 2 // MUST-4
  return { z: w }
}

/** MUST-5, and MUST-6. */
// MUST-7
export const LIMIT = 3 // MUST-8

// MUST-9, of the file for there is a blank line

export const Kind = {
  /** MUST-10 */
  Old: 1,
} as const

function g() {} // MUST-11
`
    expect(owners(source)).toEqual([
      'MUST-1 ',
      'MUST-2 f',
      'MUST-3 f',
      'MUST-4 f',
      'MUST-5 LIMIT',
      'MUST-6 LIMIT',
      'MUST-7 LIMIT',
      'MUST-8 LIMIT',
      'MUST-9 ',
      'MUST-10 Kind.Old',
      'MUST-11 g',
    ])
  })

  it('members of classes, interfaces and types', () => {
    const source = `/** MUST-1 */
export class Box<T extends object> extends Base {
  /** MUST-2 */
  private readonly field: T | null = null
  other = 1 // MUST-3

  // MUST-4
  constructor(
    a: number,
    /** MUST-5 */
    b: string,
  ) {
    super()
    // MUST-6
    if (a > 1) {
      this.go() // MUST-7
    }
  }

  /** MUST-8 */
  get size(): number {
    return 1
  }

  async #go(): Promise<void> {
    /* MUST-9 */
  }
}

export interface Shape {
  /** MUST-10 */
  readonly area: number
  /** MUST-11 */
  turn?(by: number): void
}

type Line = {
  length: number // MUST-12
}
`
    expect(owners(source)).toEqual([
      'MUST-1 Box',
      'MUST-2 Box.field',
      'MUST-3 Box.other',
      'MUST-4 Box.constructor',
      'MUST-5 Box.constructor',
      'MUST-6 Box.constructor',
      'MUST-7 Box.constructor',
      'MUST-8 Box.size',
      'MUST-9 Box.go',
      'MUST-10 Shape.area',
      'MUST-11 Shape.turn',
      'MUST-12 Line.length',
    ])
  })

  it('only comments count, whatever strings, templates and regular expressions hold', () => {
    const source = [
      "const a = '// MUST-1 {'",
      `const b = \`MUST-2 \${f({ c: "}" /* MUST-3 */ })} // MUST-4 {\``,
      'const c = /[/*"]\\/\\/ MUST-5 {/ // MUST-6',
      'function d() {',
      '  return a / b / c // MUST-7',
      '}',
    ].join('\n')
    expect(owners(source)).toEqual(['MUST-3 b', 'MUST-6 c', 'MUST-7 d'])
  })

  it('says on which line', () => {
    const source = 'const a = 1\n/**\n * one\n * MUST-1\n */\nconst b = 2\n'
    expect(citationsInCode(source)).toEqual([{ id: 'MUST-1', owner: 'b', line: 4 }])
  })
})

describe('titles', () => {
  it('describe, it and test, and what they are modified with', () => {
    const source = `
      describe('MUST-1 all of it', () => {
        it('MUST-2, MUST-3 one', () => {})
        test.skipIf(!root)('MUST-4 "two" and it\\'s fine', async () => {})
        it.concurrent("MUST-5 three", () => {})
        it(
          'MUST-6 ' +
            'four',
          () => { expect('MUST-7').toBe(it('nothing')) },
        )
      })
      exit('MUST-8')
    `
    expect(titles(source)).toEqual([
      'MUST-1 MUST-1 all of it',
      'MUST-2 MUST-2, MUST-3 one',
      'MUST-3 MUST-2, MUST-3 one',
      'MUST-4 MUST-4 "two" and it\'s fine',
      'MUST-5 MUST-5 three',
      'MUST-6 MUST-6 four',
    ])
  })

  it('a test that never runs proves nothing', () => {
    expect(titles("it.skip('MUST-1', f)\nit.todo('MUST-2')\ndescribe.skip('MUST-3', f)")).toEqual([])
  })

  it('template literals', () => {
    const title = `MUST-1 \${a ? \`x\` : 'y'} and SEG-07..08`
    expect(titles(`it(\`${title}\`, () => {})`)).toEqual([
      `MUST-1 ${title}`,
      `SEG-07 ${title}`,
      `SEG-08 ${title}`,
    ])
  })

  it('tables: in the call, above it, and in a loop around it', () => {
    const source = `
      const TABLE: [string, number][] = [['MUST-1', 1], ['MUST-2', 2]]
      const all = [...TABLE.map((row) => ({ row }))]
      const UNUSED = ['MUST-3']
      describe.each([{ name: 'MUST-4' }, { name: 'x' }])('$name: one', () => {})
      it.each(all)('%s: two', (id) => {})
      it.each(['MUST-5'])('three', () => {})
      for (const id of ['MUST-6']) {
        it(\`\${id} four\`, () => {})
      }
      it.each\`
        a
        \${'MUST-7'}
      \`('$a five', () => {})
    `
    expect(titles(source)).toEqual([
      'MUST-4 $name: one',
      'MUST-1 %s: two',
      'MUST-2 %s: two',
      `MUST-6 \${id} four`,
      'MUST-7 $a five',
    ])
  })

  it('ids in comments of tests are known, with their lines', () => {
    expect(citationsInComments("it('MUST-1', f)\n// MUST-2\n")).toEqual([{ id: 'MUST-2', line: 2 }])
  })
})

describe('lists', () => {
  it('deviations are the rows whose first cell holds ids', () => {
    const markdown =
      '# MUST-1\n\n| rule | says | does | why |\n| --- | --- | --- | --- |\n| SEG-01..02 | a | b \\| c | d |\n'
    expect(parseDeviations(markdown)).toEqual([
      { id: 'SEG-01', instead: 'b \\| c', line: 5 },
      { id: 'SEG-02', instead: 'b \\| c', line: 5 },
    ])
  })

  it('a line that is no rule is an error', () => {
    const header = 'id\tlevel\trfc\tsection\trequirement'
    expect(() => parseRules(`${header}\nMUST-1\tMUST\t9293\t3.1\n`, 'x.tsv')).toThrow('x.tsv:2')
    expect(() => parseRules('id\tlevel\n', 'x.tsv')).toThrow('x.tsv:1')
  })
})

describe('the script', () => {
  let folder = ''
  const page = () => join(folder, 'docs/rfc-map.md')
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--root', folder, ...args], {
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tapwire-rfc-map-'))
    const header = 'id\tlevel\trfc\tsection\trequirement\n'
    write(
      'docs/rules/tcp.tsv',
      `${header}MUST-1\tMUST\t9293\t3.1\tOne | two.\nSHLD-1\tSHOULD NOT\t9293\t3.1\tThree.\n`,
    )
    write('docs/rules/ip.tsv', `${header}IP-01\tmust\t791\t3\tFour.\nIP-02\tMUST\t791\t3\tFive.\n`)
    write('docs/rules/ipv6.tsv', `${header}V6-01\tmust\t8200\t3\tSix.\n`)
    write('docs/rules/net-api.tsv', `${header}NM-01\tnode\tnode:net\tModule functions\tSeven.\n`)
    write('docs/deviations.md', '| rule | says | does |\n| --- | --- | --- |\n| IP-02 | five | six |\n')
    write('packages/stack/src/tcp/a.ts', '/** MUST-1 */\nexport function a() {}\n')
    write('packages/stack/test/tcp/a.test.ts', "it('MUST-1 a | b', f)\n")
    write('test/b.test.ts', "it('SHLD-1 b', f)\n")
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('writes the page, the same each time, and tells when it is stale', () => {
    expect(run('--check')).toMatchObject({ status: 1, stderr: expect.stringContaining('stale') })
    expect(run()).toMatchObject({ status: 0, stderr: '' })
    const text = readFileSync(page(), 'utf8')
    expect(text).toContain(
      '| MUST-1 | MUST | One \\| two. | [tcp/a.ts](../packages/stack/src/tcp/a.ts) `a` | ' +
        '[tcp/a.test.ts](../packages/stack/test/tcp/a.test.ts): MUST-1 a \\| b |  |\n',
    )
    expect(text).toContain(
      '| SHLD-1 | SHOULD NOT | Three. | — | [test/b.test.ts](../test/b.test.ts): SHLD-1 b |  |\n',
    )
    expect(text).toContain('| IP-02 | MUST | Five. | — | — | [yes](deviations.md): six |\n')
    expect(text).toContain('| TCP | MUST | 1 | 1 | 1 | 1 | 0 | 0 |\n')
    expect(text).toContain('| TCP | SHOULD | 1 | 0 | 1 | 0 | 0 | 1 |\n')
    expect(run('--check')).toMatchObject({ status: 0, stderr: '' })
    run()
    expect(readFileSync(page(), 'utf8')).toBe(text)
    write('packages/stack/src/tcp/b.ts', '// SHLD-1\nexport const b = 1\n')
    expect(run('--check').status).toBe(1)
    rmSync(join(folder, 'packages/stack/src/tcp/b.ts'))
  })

  it('lists what is missing', () => {
    const { status, stdout } = run('--missing', 'MUST,SHOULD')
    expect(status).toBe(0)
    expect(stdout).toContain('  SHLD-1\tSHOULD NOT\tno code\tThree.\n')
    expect(stdout).not.toContain('MUST-1')
    expect(stdout).not.toContain('IP-02')
    expect(stdout).not.toContain('IP-01')
  })

  it('fails on an id that no list has, and says where it is', () => {
    write('packages/stack/src/tcp/c.ts', '\n// MSUT-1, MUST-1\nexport const c = 1\n')
    write('test/c.test.ts', "// MUST-01\nit('MUST-2 c', f)\n")
    expect(run('--check')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /stack\/src\/tcp\/c\.ts:2: MSUT-1 .*\n.*c\.test\.ts:1: MUST-01 .*\n.*c\.test\.ts:2: MUST-2 /,
      ),
    })
  })
})

describe('docs/rfc-map.md', () => {
  it('is what pnpm rfc-map makes of the code and the tests', (context) => {
    if (process.env.CI !== 'true')
      context.skip('docs/rfc-map.md is compared in CI only: pnpm rfc-map makes it anew')
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
