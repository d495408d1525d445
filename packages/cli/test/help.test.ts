import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { run, spawnTapwire } from './support.ts'

const COMMANDS = ['ping', 'nc', 'http', 'dump', 'trace', 'stats', 'lab', 'demo']

describe('tapwire --help', () => {
  it('names every command, with examples and the statuses', async () => {
    const { status, out, err } = await run(['--help'])
    expect([status, err]).toEqual([0, ''])
    for (const name of [...COMMANDS, 'packetdrill']) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(out).toContain('Examples:\n')
    expect(out).toContain('Status: 0')
  })

  it.for(COMMANDS)('%s --help has options and examples of its own', async (name) => {
    const { status, out, err } = await run([name, '--help'])
    expect([status, err]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`^Usage: tapwire ${name} `))
    expect(out).toMatch(new RegExp(`Examples:\\n  .*tapwire ${name}`))
    expect((await run(['help', name])).out).toBe(out)
  })

  it.for(COMMANDS)('the examples of %s are command lines that there are', async (name) => {
    const { out } = await run([name, '--help'])
    const examples = out.slice(out.indexOf('Examples:')).matchAll(/tapwire (.*)/g)
    for (const [, line] of examples) {
      const words = line.split(/ {3,}/)[0].match(/'[^']*'|\S+/g) as string[]
      const help = await run([...words.map((word) => word.replaceAll("'", '')), '--help'])
      expect([line, help.status, help.err]).toEqual([line, 0, ''])
    }
  })

  it('loads neither stack nor driver nor command: only what a command line needs', () => {
    const reached = new Set(['tapwire.ts'])
    const packages = new Set<string>()
    for (const file of reached) {
      const source = readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8')
      // What is not there at run time (`import type`), and what is loaded later (`import()`), does not count.
      for (const [, specifier] of source.matchAll(/^import (?!type)[^'(]*'([^']+)'/gm)) {
        if (specifier.startsWith('.')) reached.add(join(dirname(file), specifier))
        else packages.add(specifier)
      }
    }
    expect(reached.size).toBeGreaterThan(4)
    expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual(['commander'])
  })

  it('the real program says the same', async () => {
    const child = spawnTapwire(['--help'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    expect((await once(child, 'close'))[0]).toBe(0)
    expect(out).toBe((await run(['--help'])).out)
  })
})

it('what is installed as `tapwire` is the program, and says so where it has not been built', () => {
  const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [file('bin/tapwire.mjs'), '--help'], {
    encoding: 'utf8',
  })
  if (existsSync(file('dist/tapwire.js')))
    expect([status, stdout, stderr]).toEqual([0, expect.stringMatching(/^Usage: tapwire /), ''])
  else
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^tapwire: this clone has not been built: .*npm run build.*\n$/),
    ])
})

describe('mistakes', () => {
  it.for([
    [['pong'], 2, "unknown command 'pong'\n(Did you mean ping?)"],
    [['ping'], 2, "missing required argument 'host'"],
    [
      ['ping', '10.77.0.1'],
      2,
      'no device was named: --virtual makes a host in memory to talk to; --tap tap0 makes a real one, as root or under `unshare -Urn`',
    ],
    [
      ['ping', '10.77.0.1', '--tap', 'a', '--virtual'],
      2,
      'of --tap, --tun and --virtual only one can be the device',
    ],
    [
      ['ping', 'nobody', '--virtual'],
      1,
      'nobody is no address, and no name that is known here (--config has "names" for that)',
    ],
    [
      ['ping', '10.77.0.1', '--virtual', '--address', '10.0.0.300/24'],
      2,
      "'10.0.0.300' is not an IPv4 or IPv6 address",
    ],
    [
      ['ping', '10.77.0.1', '--virtual', '--address', '10.0.0.1/32'],
      2,
      'in the network of 10.0.0.1/32 there is no room for the other side: give --host-address',
    ],
    [
      ['ping', '10.77.0.1', '--virtual', '--mtu', '5'],
      2,
      "option '--mtu <bytes>' argument '5' is invalid. --mtu takes a whole number from 68 to 65535.",
    ],
    [['ping', '10.77.0.1', '--virtual', '--impair', 'loss'], 2, /'loss' is not name=value/],
    [['ping', '10.77.0.1', '--virtual', '--impair', 'los=1'], 2, /^The options of 'impair' have no 'los'/],
    [['ping', '10.77.0.1', '--virtual', '--tcp', 'x=1'], 2, /^The TCP settings have no 'x'/],
    [
      ['ping', '10.77.0.1', '--virtual', '--netns', 'a'],
      2,
      '--netns has no meaning with --virtual: there is no device',
    ],
    [
      ['ping', '10.77.0.1', '--virtual', '--peer', 'true'],
      2,
      '--peer needs a device: with --virtual there is no kernel on the other side',
    ],
    [['nc', '10.77.0.1', '--virtual'], 2, 'nc takes a host and a port'],
    [['nc', '10.77.0.1', '0', '--virtual'], 2, "'0' is no port"],
    [['nc', '10.77.0.1', '99', '--virtual'], 1, 'connect ECONNREFUSED 10.77.0.1:99'],
    [
      ['nc', '-z', '8.8.8.8', '53', '--virtual'],
      2,
      'nc -z looks at hosts of the own network only, and 8.8.8.8 is in another',
    ],
    [['http', '/nowhere', '--virtual'], 2, 'there is no folder /nowhere'],
    [['dump', '-r', '/nowhere'], 1, '/nowhere cannot be read: ENOENT'],
    [['stats'], 1, /^no tapwire command with a stack is running here/],
    [['stats', '--pid', '1'], 1, 'there is no tapwire command with the process id 1'],
  ] as [string[], number, string | RegExp][])('%j', async ([args, status, sentence]) => {
    const ended = await run(args)
    expect([ended.status, ended.out]).toEqual([status, ''])
    expect(ended.err).toMatch(/^tapwire: .*\n/)
    const said = ended.err.slice('tapwire: '.length).trimEnd()
    if (typeof sentence === 'string') expect(said).toBe(sentence)
    else expect(said).toMatch(sentence)
  })
})

describe('colours', () => {
  const lines = ['ping', '10.77.0.1', '--virtual', '-c', '1', '--dump']

  it('are for terminals, unless NO_COLOR is set; FORCE_COLOR brings them elsewhere', async () => {
    expect((await run(lines)).err).not.toContain('\x1b[')
    expect((await run(lines, '', { FORCE_COLOR: '1' })).err).toContain('\x1b[')
    expect((await run(lines, '', { NO_COLOR: '1' })).err).not.toContain('\x1b[')
  })
})
