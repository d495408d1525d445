import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { mistakes } from '../exercises/05-options/hints.ts'
import { EXERCISES, Person } from './command.ts'

// Each is a process of Node's, which takes a second by itself, and ten beside others.
vi.setConfig({ testTimeout: 90_000 })

describe('the command, from the beginning to the first solution', () => {
  const person = new Person()
  afterAll(() => person.leave())

  it('says what it can do', async () => {
    const { status, out } = await person.run(['--help'])
    expect(status).toBe(0)
    for (const command of ['list', 'select', 'show', 'run', 'verify', 'hint', 'reset'])
      expect(out).toContain(command)
    expect(out).toContain('Examples:')
  })

  it('without a terminal prints the list in place of the menu', async () => {
    const { status, out } = await person.run([])
    expect(status).toBe(0)
    expect(out).toContain(' 1  Read an Ethernet frame')
    expect(out).toMatch(/0 of \d+ are done/)
  })

  it('wants an exercise to be selected first', async () => {
    expect(await person.run(['hint'])).toMatchObject({
      status: 1,
      error: 'tapwire-workshop: No exercise is selected. Choose one first: tapwire-workshop select 1\n',
    })
  })

  it('refuses what there is not, in one sentence', async () => {
    for (const args of [
      ['select', '99'],
      ['verify', 'nothing.ts'],
      ['verify', 'x.ts', '--time-limit', 'soon'],
    ]) {
      const { status, error } = await person.run(args)
      expect([status, error.trimEnd().split('\n').length], args.join(' ')).toEqual([1, 1])
    }
  })

  it('select prints the exercise, gives files to begin with, and keeps what is there', async () => {
    const { status, out } = await person.run(['select', 'handshake'])
    expect(status).toBe(0)
    expect(out).toContain('# The three-way handshake by hand')
    for (const name of ['06-handshake.ts', 'segments.ts', 'wire.ts', 'tsconfig.json']) {
      expect(existsSync(`${person.home}/${name}`), name).toBe(true)
    }
    expect(person.read('06-handshake.ts')).toContain("from './segments.ts'")
    person.write('06-handshake.ts', '// mine\n')
    expect((await person.run(['select', '6'])).out).toContain('is here already, and stays as it is')
    expect(person.read('06-handshake.ts')).toBe('// mine\n')
    expect(person.progress).toMatchObject({ selected: '06-handshake', passed: {} })
    expect((await person.run(['show'])).out).toContain('# The three-way handshake by hand')
  })

  it('a failing verify shows the ladder, expected against actual, and the hint that fits', async () => {
    person.solve('06-handshake', 'wrong-ack-not-plus-one.ts')
    const { status, out } = await person.run(['verify', '06-handshake.ts'])
    expect(status).toBe(1)
    expect(out).toContain('|-- SYN seq=1000 win=65535 len=0 ---')
    expect(out).toMatch(/=> +20\.0 ms \|-- ACK seq=1001 ack=\d+ win=65535 len=0 -+>\|/)
    expect(out).toMatch(/expected: ACK seq=1001 ack=(\d+) len=0\n +actual: {3}ACK seq=1001 ack=\d+ /)
    expect(out).toContain("The peer's SYN counts as one byte, too.")
    expect(person.progress).toMatchObject({ passed: {} })
  })

  it('run shows what happens, and judges nothing', async () => {
    const { status, out } = await person.run(['run', '06-handshake.ts'])
    expect(status).toBe(0)
    expect(out).toContain('|-- SYN seq=1000 win=65535 len=0 ---')
    expect(out).not.toContain('expected')
    expect(person.progress).toMatchObject({ passed: {} })
  })

  it('hint tells one more each time, and says when it was the last', async () => {
    expect((await person.run(['hint'])).out).toContain('hint 1 of 4')
    const progress = JSON.parse(person.read(relative(person.home, person.state)))
    writeFileSync(person.state, JSON.stringify({ ...progress, hints: { '06-handshake': 3 } }))
    for (let count = 0; count < 2; count++) {
      const { out } = await person.run(['hint'])
      expect(out).toContain('hint 4 of 4')
      expect(out).toContain('That was the last one.')
    }
    expect(person.progress).toMatchObject({ hints: { '06-handshake': 4 } })
  })

  it('a right one passes, is remembered, and the next one is named', async () => {
    person.solve('06-handshake')
    const { status, out } = await person.run(['verify', '06-handshake.ts'])
    expect(status).toBe(0)
    expect(out).toContain('✔ a connection is opened\n')
    expect(out).toContain('Passed. Next: tapwire-workshop select 1')
    expect((await person.run(['list'])).out).toMatch(
      /✔ {2}6 {2}The three-way handshake by hand {2}\(selected\)/,
    )
  })

  it('reset forgets one exercise, or all, and leaves files alone', async () => {
    await person.run(['select', '1'])
    expect((await person.run(['reset', '6'])).out).toContain('Forgotten: The three-way handshake by hand')
    expect(person.progress).toMatchObject({ selected: '01-ethernet', passed: {}, hints: {} })
    await person.run(['reset'])
    expect(person.progress).toEqual({ version: 1, selected: null, passed: {}, hints: {} })
    expect(existsSync(`${person.home}/06-handshake.ts`)).toBe(true)
  })

  it('sets a broken file of progress aside, and goes on', async () => {
    writeFileSync(person.state, '{"version": 1, "sel')
    const { status, error, out } = await person.run(['list'])
    expect(status).toBe(0)
    expect(error).toContain('made no sense')
    expect(out).toContain('are done')
    const files = readdirSync(dirname(person.state))
    expect(files.filter((name) => name.startsWith('progress.json.broken-'))).toHaveLength(1)
  })

  it('keeps it in $XDG_STATE_HOME where that is set, and works where it cannot be kept', async () => {
    const state = `${person.home}/elsewhere`
    await person.run(['select', '1'], { XDG_STATE_HOME: state })
    expect(existsSync(`${state}/tapwire-workshop/progress.json`)).toBe(true)
    person.write('a-file', '')
    const { status, error } = await person.run(['select', '2'], { XDG_STATE_HOME: `${person.home}/a-file` })
    expect([status, error.split(':')[0]]).toEqual([0, 'tapwire-workshop'])
    expect(error).toContain('could not be kept')
  })
})

describe('programs that do what programs should not', () => {
  const person = new Person()
  beforeAll(() => mkdirSync(`${person.home}/here`))
  afterAll(() => person.leave())

  const verify = (name: string, text: string, ...more: string[]) => {
    person.write(name, text)
    return person.run(['verify', name, '-e', '3', ...more])
  }

  it('a loop without an end is stopped, and its line is named', async () => {
    const text =
      'interface A {\n  b: number\n}\nexport function checksum(): number {\n  for (const a: A = { b: 1 }; a.b > 0; ) a.b++\n  return 0\n}\n'
    const { status, out } = await verify('loop.ts', text, '--time-limit', '1')
    expect(status).toBe(1)
    expect(out).toContain('Your program did not come back within 1 s')
    expect(out).toMatch(/It was at loop\.ts:5:\d+\./)
  })

  it('the one of exercise 5 gets the hint that fits', async () => {
    person.solve('05-options', 'wrong-zero-length.ts')
    const { status, out } = await person.run(['verify', '05-options.ts', '--time-limit', '2'])
    expect(status).toBe(1)
    expect(out).toMatch(/It was at 05-options\.ts:\d+:\d+\./)
    expect(out).toContain(mistakes['zero-length'])
  })

  it('what is thrown is named with file and line', async () => {
    const text =
      'type A = { b: number } | null\n\nexport function checksum(): number {\n  const a: A = null as A\n  return a!.b\n}\n'
    const { status, out } = await verify('here/throws.ts', text)
    expect(status).toBe(1)
    expect(out).toContain("TypeError: Cannot read properties of null (reading 'b')")
    expect(out).toMatch(/at here\/throws\.ts:5:\d+\n/)
  })

  it('what is thrown in a frame or a timer is named, too, with what was sent until then', async () => {
    await person.run(['select', '6'])
    person.write(
      '06-handshake.ts',
      [
        "import { buildSegment, type Path, SYN } from './segments.ts'",
        "import type { Wire } from './wire.ts'",
        'export function connect(wire: Wire, path: Path, isn: number): void {',
        '  wire.send(buildSegment(path, { seq: isn, flags: SYN }))',
        '  wire.onFrame = () => {',
        "    throw new RangeError('in a frame')",
        '  }',
        '}',
      ].join('\n'),
    )
    const { status, out } = await person.run(['verify', '06-handshake.ts'])
    expect(status).toBe(1)
    expect(out).toMatch(/RangeError: in a frame\n {2}at 06-handshake\.ts:6:\d+\n/)
    expect(out).toContain('|-- SYN seq=1000')
  })

  it.each([
    ['syntax.ts', 'export function checksum(): number {\n  return (1 +\n}\n', /syntax\.ts:3:\d+/],
    ['exits.ts', 'export function checksum(): number {\n  process.exit(0)\n}\n', /process\.exit/],
    ['other.ts', 'export const checksum = 3\n', /must export a function 'checksum'; it exports .* as number/],
  ])('%s', async (name, text, said) => {
    const { status, out } = await verify(name, text)
    expect(status).toBe(1)
    expect(out).toMatch(said)
  })

  it('a rejection that nobody takes', async () => {
    const text =
      "void Promise.reject(new Error('late'))\nexport function checksum(): number {\n  return 0\n}\n"
    const { status, out } = await verify('rejects.ts', text)
    expect(status).toBe(1)
    expect(out).toMatch(/Error: late\n {2}at rejects\.ts:1:\d+/)
  })

  it('prints what the program prints, but not for ever', async () => {
    const text = "export function checksum(): number {\n  for (;;) console.log('x'.repeat(200))\n}\n"
    const { out } = await verify('prints.ts', text, '--time-limit', '1')
    expect(out).toContain('Your program printed:')
    expect(out).toContain('(and more)')
    expect(out.length).toBeLessThan(12_000)
  })

  it.runIf(process.platform === 'linux')('leaves no process behind when the command is ended', async () => {
    person.write('waits.ts', 'export function checksum(): number {\n  for (;;);\n}\n')
    const child = person.start(['verify', 'waits.ts', '-e', '3', '--time-limit', '60'])
    const patience = { timeout: 20_000, interval: 50 }
    await vi.waitFor(() => expect(person.running).toHaveLength(1), patience)
    child.kill('SIGINT')
    const [status] = await once(child, 'exit')
    expect(status).toBe(130)
    await vi.waitFor(() => expect(person.running).toEqual([]), patience)
  })
})

it('each exercise tells what it wants, shows a picture or an example, and names RFCs', async () => {
  for (const id of readdirSync(EXERCISES).filter((name) => /^\d\d-/.test(name))) {
    const text = readFileSync(`${EXERCISES}${id}/README.md`, 'utf8')
    expect(text, id).toMatch(/^# .+\n/)
    expect(text, id).toContain('    export function ')
    expect(text, id).toMatch(/Read more: RFC \d+/)
    const long = text.split('\n').filter((line) => line.length > 80)
    expect(long, `${id}: it is read in a terminal`).toEqual([])
  }
})
