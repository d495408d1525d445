import { readFileSync } from 'node:fs'
import { Stack, type TcpSettings } from '@tapwire/stack'
import { expect, it } from 'vitest'
import * as sockets from '../src/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

it("README's example prints what it says", async () => {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readme) ?? []
  const [, promised] = /\/\/ prints: (.*)/.exec(code) ?? []
  const body = code.replaceAll(/^import .*$/gm, '')
  const printed: string[] = []
  const names = { Stack, ...sockets, console: { log: (line: string) => printed.push(line) } }
  // The program as printed; its imports are what this test hands in.
  const run = new Function(...Object.keys(names), `return (async () => {${body}})()`)
  await run(...Object.values(names))
  expect(printed).toEqual([promised])
})

it('README names settings that there are', async () => {
  const names = [...readme.matchAll(/^\|[^|]*\|([^|]*)\|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([a-zA-Z0-9]+)[`:]/g)].map(([, name]) => name as string))
    .filter((name) => !['tcp', 'limits', 'synBacklog', 'orphans', 'timeWait', 'false', 'true'].includes(name))
  expect(names.length).toBeGreaterThan(30)
  const stack = new Stack()
  const { config } = stack.tcp.context
  for (const name of names) expect(config[name as keyof TcpSettings], name).toBeDefined()
  await stack.close()
})
