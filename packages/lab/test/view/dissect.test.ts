import { packets } from '@tapwire/stack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dissect, fieldAt } from '../../src/view/inspector/dissect.ts'
import { makeRecording } from '../fixtures/recording.ts'

const { segments } = makeRecording(2)

function values(frame: Uint8Array): Record<string, string> {
  return Object.fromEntries(
    dissect(frame).flatMap(({ name, fields }) =>
      fields.map((field) => [`${name} ${field.name}`, field.value] as const),
    ),
  )
}

describe('the fields of a frame', () => {
  it('are those that the stack reads', () => {
    const { frame } = segments[0]
    const { tcp, ipv4 } = packets.decodeFrame(frame)
    expect(values(frame)).toMatchObject({
      'Ethernet Type': '0x0800 IPv4',
      'IPv4 Source': '10.0.0.1',
      'IPv4 Total length': `${ipv4?.totalLength} bytes`,
      'TCP Source port': String(tcp?.sourcePort),
      'TCP Flags': '0x02 SYN',
      'TCP Maximum segment size': '1\u2009000 bytes',
    })
  })

  it('cover every byte once, in order', () => {
    for (const { frame } of segments) {
      let at = 0
      for (const { start, end, fields } of dissect(frame)) {
        expect(start).toBe(at)
        for (const field of fields) {
          expect(field.start).toBe(at)
          at = field.end
        }
        expect(end).toBe(at)
      }
      expect(at).toBe(frame.length)
      expect(fieldAt(dissect(frame), 38)?.name).toBe('Sequence number')
    }
  })

  it('of IPv6, ICMP and options that are cut off are read as far as they go', () => {
    const whole = segments[0].frame
    expect(dissect(whole.subarray(0, 51)).at(-1)?.name).toBe('Cut off')
    const mtu = packets.buildFrame({
      ethernet: { source: new Uint8Array(6), destination: new Uint8Array(6) },
      ipv6: { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) },
      icmpv6: { type: 2, code: 0, word: 1280, payload: new Uint8Array(8) },
    } as Parameters<typeof packets.buildFrame>[0])
    expect(values(mtu)['ICMPv6 Type']).toBe('2 packet too big')
    expect(values(mtu)['ICMPv6 MTU']).toBe('1\u2009280 bytes')
  })

  it('of any bytes at all are found without an exception, and never reach beyond them', () => {
    const mutated = fc.tuple(
      fc.nat(segments.length - 1),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
    )
    fc.assert(
      fc.property(mutated, fc.nat(120), ([number, changes], length) => {
        const frame = segments[number].frame.slice()
        for (const [at, value] of changes) if (at < frame.length) frame[at] = value
        for (const bytes of [frame, frame.subarray(0, length)]) {
          for (const { fields } of dissect(bytes)) {
            for (const { start, end } of fields) expect(start <= end && end <= bytes.length).toBe(true)
          }
        }
      }),
    )
  })
})
