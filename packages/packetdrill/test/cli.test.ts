import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pcapng } from '@tapwire/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../src/cli/main.ts'
import { SERVER } from './support.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packetdrill-'))
  mkdirSync(join(folder, 'set', 'deeper'), { recursive: true })
  writeFileSync(join(folder, 'set', 'b.pkt'), SERVER)
  writeFileSync(join(folder, 'set', 'deeper', 'a.pkt'), `${SERVER}+0 %{ print(tcpi_snd_cwnd) }%`)
  writeFileSync(join(folder, 'set', 'notes.txt'), 'no script')
  writeFileSync(join(folder, 'wrong.pkt'), `${SERVER}+0 > . 1:1(0) ack 7`)
  writeFileSync(
    join(folder, 'branch.pkt'),
    '#ifdef A\n0 socket(..., SOCK_STREAM, 0) = X\n#else\n0 nonsense\n#endif',
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function cli(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  let out = ''
  let error = ''
  const status = await main(args, {
    out: (text) => {
      out += text
    },
    error: (text) => {
      error += text
    },
  })
  return { status, out: out.replaceAll(folder, ''), error: error.replaceAll(folder, '') }
}

describe('tapwire-packetdrill', () => {
  it('runs files and folders, by name, and tells the totals', async () => {
    expect(await cli(join(folder, 'set'))).toEqual({
      status: 0,
      out: 'PASS /set/b.pkt (0.100 s)\nPASS /set/deeper/a.pkt (0.100 s)\n  | 10\n2 scripts: 2 passed, 0 failed\n',
      error: '',
    })
  })

  it('tells what is wrong, and fails', async () => {
    const { status, out } = await cli(join(folder, 'wrong.pkt'), join(folder, 'set', 'b.pkt'))
    expect(status).toBe(1)
    expect(out).toContain(
      'FAIL /wrong.pkt (0.100 s)\n  /wrong.pkt:10: the packet was not sent\n    expected: ',
    )
    expect(out).toContain('2 scripts: 1 passed, 1 failed\n')
  })

  it('--quiet tells failures only', async () => {
    expect((await cli('--quiet', join(folder, 'set'))).out).toBe('2 scripts: 2 passed, 0 failed\n')
  })

  it('--verbose tells events and packets with their times', async () => {
    const { out } = await cli('-v', '--lenient-window', join(folder, 'set', 'b.pkt'))
    expect(out.replace(/ win \d+ <mss 1460.*>/, '')).toBe(`PASS /set/b.pkt (0.100 s)
  | 0.000000 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
  | 0.000000 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
  | 0.000000 bind(3, ..., ...) = 0
  | 0.000000 listen(3, 1) = 0
  | 0.000000 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>
  | 0.000000 > S. 0:0(0) ack 1
  | 0.100000 < . 1:1(0) ack 1 win 257
  | 0.100000 accept(3, ..., ...) = 4
1 script: 1 passed, 0 failed
`)
  })

  it('--define, and options in every form', async () => {
    const file = join(folder, 'branch.pkt')
    expect((await cli('--define', 'A', '-D', 'X=3', file)).status).toBe(0)
    expect((await cli('--define=A', '-DX=3', '--ip-version=ipv6', '--mtu', '1400', file)).status).toBe(0)
    expect((await cli(file)).status).toBe(1)
  })

  it('--pcap writes a file, or a folder of them', async () => {
    const file = join(folder, 'run.pcapng')
    expect((await cli(`--pcap=${file}`, join(folder, 'set', 'b.pkt'))).status).toBe(0)
    expect(pcapng.readPcapng(readFileSync(file))?.packets).toHaveLength(4)
    const many = join(folder, 'captures')
    expect((await cli('--pcap', many, join(folder, 'set'))).status).toBe(0)
    expect(readdirSync(many).sort()).toEqual(['a.pcapng', 'b.pcapng'])
  })

  it('--repeat compares the output of all runs', async () => {
    const { status, out } = await cli('--repeat=3', join(folder, 'set'))
    expect(status).toBe(0)
    expect(out).toMatch(/3 runs gave identical output and packets \(SHA-256 [0-9a-f]{64}\)\n$/)
    expect((await cli('--repeat=2', join(folder, 'wrong.pkt'))).status).toBe(1)
  })

  it('--help has the options and examples', async () => {
    const { status, out } = await cli('--help')
    expect(status).toBe(0)
    for (const word of ['--strict_segments', '--ignore-commands', '--pcap', '--repeat', 'Examples:']) {
      expect(out).toContain(word)
    }
  })

  it('tells a mistake on the command line in one sentence, with status 2', async () => {
    for (const [args, sentence] of [
      [[], 'there is no script to run'],
      [['/nowhere.pkt'], "there is no '/nowhere.pkt'"],
      [['--frobnicate', 'a.pkt'], '--frobnicate is not known (see --help)'],
      [['a.pkt', '--mtu'], '--mtu needs a value'],
      [['--mtu=abc', 'a.pkt'], '--mtu=abc: it needs a whole number'],
      [['--ip_version=7', 'a.pkt'], '--ip_version=7: it must be ipv4, ipv6 or ipv4-mapped-ipv6'],
      [['--repeat=0', 'a.pkt'], "--repeat must be a whole number from 1 on, and not '0'"],
      [
        ['--tcp=frobnicate=1', 'a.pkt'],
        /^tapwire-packetdrill: --tcp=frobnicate=1: it is wrong: .*frobnicate/,
      ],
    ] as const) {
      const { status, error } = await cli(...args)
      expect(status, args.join(' ')).toBe(2)
      if (typeof sentence === 'string') expect(error).toBe(`tapwire-packetdrill: ${sentence}\n`)
      else expect(error).toMatch(sentence)
    }
  })
})
