import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, expect, it, vi } from 'vitest'
import { kernelObstacle, kernelSuite } from '../../../test/support/kernel.ts'
import { Person } from './command.ts'

// Each is a process of Node's, which takes a second by itself, and ten beside others.
vi.setConfig({ testTimeout: 90_000 })

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended meanwhile.
  }
}
const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`)
const childrenOf = (pid: number): number[] =>
  (textOf(`/proc/${pid}/task/${pid}/children`).match(/\d+/g) ?? []).map(Number)

kernelSuite('the kernel judges', kernelObstacle(['ping', 'curl', 'setpriv']), () => {
  const person = new Person()
  afterAll(() => person.leave())

  it.each([
    ['04-ping', "✔ the kernel's own ping gets all of its answers"],
    ['13-http', "✔ the kernel's curl gets the page, a small one and one of 200 KB"],
  ])('%s: the reference solution, over a TAP', async (id, said) => {
    await person.run(['select', id])
    person.solve(id)
    const { status, out } = await person.run(['verify', `${id}.ts`])
    expect(out).toContain(said)
    expect(status).toBe(0)
    expect(person.running).toEqual([])
  })

  it('says when it was a host in memory only', async () => {
    person.solve('04-ping')
    const { status, out } = await person.run(['verify', '04-ping.ts', '--no-kernel'])
    expect(status).toBe(0)
    expect(out).toContain('(The kernel itself was not asked: it was not to be asked. A host in memory was.)')
  })

  it('without privilege it is a host in memory, and that is said', async () => {
    const { status, out } = await person.run(['verify', '04-ping.ts'], {}, [
      ...['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'],
    ])
    expect(status).toBe(0)
    expect(out).toContain('this user may not make a TAP, as root may. A host in memory was.)')
  })

  it('what passes in memory and not with the kernel gets the hint for that', async () => {
    const told = person.read('04-ping.ts')
    person.write(
      '04-ping.ts',
      told.replace(
        'const message =',
        'if (frame[26] === 10 && frame[27] === 77) return null\n  const message =',
      ),
    )
    const { status, out } = await person.run(['verify', '04-ping.ts'])
    expect(status).toBe(1)
    expect(out).toMatch(
      /expected: 3 packets transmitted, 3 received, 0% packet loss\n {2}actual: {3}3 packets transmitted, 0 received/,
    )
    expect(out).toContain("The kernel's ping had no answer")
  })
  it('Ctrl-C in the middle leaves neither ping nor judge behind', async () => {
    const child = person.start(['verify', '04-ping.ts'])
    const patience = { timeout: 25_000, interval: 50 }
    const pings = await vi.waitFor(() => {
      const found = person.running.flatMap(childrenOf).filter((pid) => commandOf(pid).startsWith('ping'))
      expect(found).toHaveLength(1)
      return found
    }, patience)
    child.kill('SIGINT')
    const [status] = await once(child, 'exit')
    expect(status).toBe(130)
    await vi.waitFor(() => expect([person.running, pings.map(commandOf)]).toEqual([[], ['']]), patience)
  })
})
