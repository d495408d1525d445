import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packets, pcapng } from '@tapwire/stack'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseFilter } from '../src/dump/filter.ts'
import { TcpFlows } from '../src/dump/flows.ts'
import { readPacket } from '../src/dump/packet.ts'
import { folder, run, start } from './support.ts'

const file = join(folder, 'one.pcapng')

beforeAll(async () => {
  const { status } = await run(['nc', '10.77.0.1', '7', '--virtual', '--pcap', file], 'hello\n')
  expect(status).toBe(0)
})

describe('tapwire dump -r', () => {
  it('tells a conversation with relative numbers, a line each', async () => {
    const { status, out, err } = await run(['dump', '-r', file, 'tcp'])
    expect([status, err]).toEqual([0, ''])
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toMatch(
      /^0\.000000 out TCP 10\.77\.0\.2:\d+ > 10\.77\.0\.1:7 SYN seq 0 win 65535 <mss 1460, sack, timestamps, wscale \d+>$/,
    )
    expect(lines[1]).toMatch(/^\d\.\d{6} in {2}TCP 10\.77\.0\.1:7 > 10\.77\.0\.2:\d+ SYN,ACK seq 0 ack 1 /)
    expect(lines[3]).toMatch(/ PSH,ACK seq 1:7 ack 1 win \d+ len 6$/)
    expect(lines.at(-1)).toMatch(/ ACK seq 8 ack 8 win \d+$/)
  })

  it('--json tells programs', async () => {
    const { out } = await run(['dump', '-r', file, '--json', '-c', '1', 'src', 'host', '10.77.0.1', 'tcp'])
    expect(out.split('\n')).toHaveLength(2)
    expect(JSON.parse(out)).toMatchObject({
      direction: 'in',
      protocol: 'tcp',
      source: '10.77.0.1',
      sourcePort: 7,
      flags: 'SYN,ACK',
      seq: 0,
      ack: 1,
      notes: [],
    })
  })

  it('-w writes what is shown, and reads it again', async () => {
    const copy = join(folder, 'copy.pcapng')
    const first = await run(['dump', '-r', file, '-w', copy, 'port', '7'])
    const second = await run(['dump', '-r', copy])
    expect(second).toEqual(first)
    expect(pcapng.readPcapng(readFileSync(copy))?.packets).toHaveLength(
      first.out.trimEnd().split('\n').length,
    )
  })

  it('--time delta and clock', async () => {
    const delta = await run(['dump', '-r', file, '--time', 'delta', '-c', '2'])
    expect(delta.out).toMatch(/^0\.000000 /)
    expect((await run(['dump', '-r', file, '--time', 'clock', '-c', '1'])).out).toMatch(
      /^\d\d:\d\d:\d\d\.\d{6} /,
    )
  })

  it('reads what tcpdump writes, in both byte orders', async () => {
    const bytes = packets.buildFrame({
      ipv4: { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) },
      udp: { sourcePort: 5, destinationPort: 7, payload: Uint8Array.of(1, 2) },
    })
    for (const little of [true, false]) {
      const pcap = new DataView(new ArrayBuffer(40 + bytes.length))
      pcap.setUint32(0, 0xa1b2c3d4, little)
      pcap.setUint32(20, 101, little)
      pcap.setUint32(24, 1, little)
      pcap.setUint32(32, bytes.length, little)
      pcap.setUint32(36, bytes.length, little)
      new Uint8Array(pcap.buffer).set(bytes, 40)
      writeFileSync(join(folder, 'old.pcap'), new Uint8Array(pcap.buffer))
      expect((await run(['dump', '-r', join(folder, 'old.pcap')])).out).toBe(
        '0.000000 UDP 10.0.0.1:5 > 10.0.0.2:7 len=2\n',
      )
    }
  })

  it('reads as much as there is of a file that is cut off, and fails', async () => {
    const cut = join(folder, 'cut.pcapng')
    writeFileSync(cut, readFileSync(file).subarray(0, -10))
    const { status, out, err } = await run(['dump', '-r', cut])
    expect(status).toBe(1)
    expect(out.split('\n').length).toBeGreaterThan(5)
    expect(err).toBe(
      `tapwire: ${cut} ends in the middle of a packet, or is damaged; what could be read was\n`,
    )
  })

  it('refuses what is no capture', async () => {
    writeFileSync(join(folder, 'text'), 'this is some text, longer than a header')
    expect((await run(['dump', '-r', join(folder, 'text')])).err).toMatch(/is no capture/)
  })
})

describe('filters', () => {
  const udp = (source: number[], destination: number[], ports: [number, number]) =>
    readPacket(
      {
        time: 0,
        direction: 'in',
        originalLength: 0,
        bytes: packets.buildFrame({
          ipv4: { source: Uint8Array.from(source), destination: Uint8Array.from(destination) },
          udp: { sourcePort: ports[0], destinationPort: ports[1], payload: Uint8Array.of(1) },
        }),
      },
      'ip',
      new TcpFlows(),
    )
  const packet = udp([10, 0, 0, 1], [10, 0, 1, 2], [5000, 53])

  it.for([
    ['', true],
    ['udp', true],
    ['tcp', false],
    ['ip', true],
    ['ip6', false],
    ['in', true],
    ['out', false],
    ['odd', false],
    ['host 10.0.0.1', true],
    ['src host 10.0.0.1', true],
    ['dst host 10.0.0.1', false],
    ['host fd00::1', false],
    ['net 10.0.0.0/23', true],
    ['src net 10.0.1.0/24', false],
    ['dst net 10.0.1.0/24', true],
    ['port 53', true],
    ['src port 53', false],
    ['dst port 53 and src port 5000', true],
    ['udp port 53', true],
    ['udp and not port 53', false],
    ['tcp or port 53', true],
    ['tcp and port 53 or udp', true],
    ['tcp and (port 53 or udp)', false],
    ['not (tcp or icmp)', true],
  ] as const)('%s: %j', ([text, wanted]) => {
    expect(parseFilter(text.split(' ').filter((word) => word !== ''))(packet)).toBe(wanted)
  })

  it.for([
    ['frob', /^the filter has no word 'frob'/],
    ['port', /^the filter ends where a number after port is wanted$/],
    ['port x', /^in the filter, 'x' is no port$/],
    ['host x', /^in the filter, 'x' is no IPv4 or IPv6 address$/],
    ['src tcp', /^in the filter, after src comes host, net or port, and not 'tcp'$/],
    ['( tcp', /^the filter ends where a '\)' is wanted$/],
    ['tcp )', /^the filter has a '\)' too many$/],
    ['tcp and', /^the filter ends where something to look for is wanted$/],
  ] as const)('%s is refused', ([text, sentence]) => {
    expect(() => parseFilter(text.split(' '))).toThrow(sentence)
  })
})

describe('tapwire dump of a running command', () => {
  it('tells its packets, and ends with it', async () => {
    const server = start(['http', '.', '--virtual'])
    const [, url] = await server.said(/curl (\S+)/)
    const dump = start(['dump', 'tcp'])
    await dump.said(/http \. \(\d+\), a cable in memory/)
    await fetch(url)
    await dump.said(/in {2}TCP 10\.77\.0\.1:\d+ > 10\.77\.0\.2:80 SYN seq 0/)
    server.interrupt()
    await server.ended
    expect((await dump.ended).status).toBe(0)
  })
})

describe('tapwire dump of a device', () => {
  it('has small servers there, and -c ends it', async () => {
    const live = join(folder, 'live.pcapng')
    const { status, out, err } = await run(['dump', '--virtual', 'arp', 'or', 'icmp6', '-c', '2', '-w', live])
    expect(status).toBe(0)
    expect(out.trimEnd().split('\n')).toHaveLength(2)
    expect(err).toContain('echo (7, TCP and UDP), discard (9), chargen (19), http (80)')
    expect(pcapng.readPcapng(readFileSync(live))?.packets).toHaveLength(2)
  })

  it('--silent: what the other side says to nobody', async () => {
    const { status, out, err } = await run(['dump', '--virtual', '--silent', '-c', '1'])
    expect([status, err]).toEqual([0, expect.stringContaining('; nobody answers')])
    expect(out).toMatch(/^0\.000000 in {2}/)
  })
})
