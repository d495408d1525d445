import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const child = fileURLToPath(new URL('support/child.ts', import.meta.url))

async function run(which: string, scene: string): Promise<{ lines: string[]; seconds: number }> {
  const start = performance.now()
  const args = ['--expose-gc', '--import', 'tsx', '--conditions', 'tapwire-source', child, which, scene]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 25_000 })
  return { lines: stdout.trimEnd().split('\n'), seconds: (performance.now() - start) / 1000 }
}

describe.each(['node', 'tapwire'])('%s: a whole process', (which) => {
  test('ends when nothing is open', async () => {
    expect((await run(which, 'idle')).lines).toEqual(['end'])
  })

  test.each(['server', 'socket', 'dgram'])('NS-24, NF-31 an open %s keeps it', async (scene) => {
    expect((await run(which, scene)).lines).toEqual(['still here', 'end'])
  })

  test('ends soon after its sockets have', async () => {
    const { lines, seconds } = await run(which, 'ended socket')
    expect(lines).toEqual(['closed', 'end'])
    expect(seconds).toBeLessThan(10)
  })

  test.each(['unref server', 'unref socket', 'unref dgram'])('NS-24, NF-31 an %s does not', async (scene) => {
    expect((await run(which, scene)).lines).toEqual(['end'])
  })

  test('sockets, servers and callbacks that nobody holds are collected', async () => {
    expect((await run(which, 'garbage')).lines).toEqual(['80 made, few left', 'end'])
  })

  test('which handles of the kernel are open', async () => {
    const names = which === 'node' ? /TCP/ : /^none$/
    expect((await run(which, 'handles')).lines).toEqual([expect.stringMatching(names), 'end'])
  })

  test('an exception in a listener is uncaught', async () => {
    expect((await run(which, 'throw')).lines).toEqual(['uncaught from the listener', 'end'])
  })

  test('an exception that is survived costs nobody the rest', async () => {
    const uncaught = ['uncaught connection', 'uncaught connection', 'uncaught data']
    expect((await run(which, 'throw and go on')).lines).toEqual([...uncaught, 'all of it', 'end'])
  })

  test('NM-08 the code stands in the stack', async () => {
    const text = 'TypeError [ERR_MISSING_ARGS]: The "options" or "port" or "path" argument must be specified'
    expect((await run(which, 'stack')).lines).toEqual([text, `${text} [ 'code' ]`, 'end'])
  })
})
