import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSimulation } from '../../src/model/create-simulation.ts'
import { decodeFields } from '../../src/model/fields/decode.ts'
import type { Field } from '../../src/model/fields/field.ts'
import type { SegmentRecord } from '../../src/model/recording.ts'
import type { Scenario } from '../../src/model/scenario.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function segmentsOf(scenario: Scenario): readonly SegmentRecord[] {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording.segments
}

function flat(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [field, ...flat(field.children ?? [])])
}

const find = (fields: readonly Field[], name: string): Field | undefined =>
  flat(fields).find((field) => field.name === name)

describe('the fields of a frame', () => {
  const plain = { hosts: { A: {}, B: {} } }

  test('a SYN: every layer, and every option', () => {
    const [syn] = segmentsOf(scenarioOf(bulk(1000), plain))
    const fields = decodeFields(syn.frame, syn)
    expect(fields.map(({ name }) => name)).toEqual(['Ethernet', 'IPv4', 'TCP'])
    expect(find(fields, 'Source')).toMatchObject({ value: '02:00:00:00:00:0a', offset: 6, length: 6 })
    expect(find(fields, 'Protocol')).toMatchObject({ value: '6', note: 'TCP', offset: 23, length: 1 })
    expect(find(fields, 'Source address')).toMatchObject({ value: '10.0.0.1', offset: 26, length: 4 })
    expect(find(fields, 'Destination port')).toMatchObject({ value: '80', offset: 36 })
    expect(find(fields, 'Sequence number')).toMatchObject({ note: 'relative: 0', offset: 38, length: 4 })
    expect(find(fields, 'Data offset')).toMatchObject({
      note: '40 bytes of header',
      bits: { from: 0, count: 4 },
    })
    expect(find(fields, 'Flags')).toMatchObject({ value: 'SYN', offset: 47 })
    expect(find(fields, 'SYN')).toMatchObject({ value: '1', bits: { from: 6, count: 1 } })
    expect(find(fields, 'FIN')).toMatchObject({ value: '0', bits: { from: 7, count: 1 } })
    const options = find(fields, 'Options')?.children?.map(({ name }) => name)
    expect(options).toEqual(
      expect.arrayContaining(['Maximum segment size', 'SACK permitted', 'Timestamps', 'Window scale']),
    )
  })

  test('data, over IPv6', () => {
    const segments = segmentsOf(scenarioOf(bulk(1000), { ...plain, ip: 6 }))
    const data = segments.find(({ length }) => length > 0) as SegmentRecord
    const fields = decodeFields(data.frame, data)
    expect(fields.map(({ name }) => name)).toEqual(['Ethernet', 'IPv6', 'TCP', 'Data'])
    expect(find(fields, 'Source address')).toMatchObject({ value: 'fd00::1', length: 16 })
    expect(find(fields, 'Window')?.note).toBe(`scaled: ${data.window} bytes`)
    expect(find(fields, 'Data')).toMatchObject({ length: 1000, note: expect.stringContaining('0000 abc') })
  })

  test('SACK blocks in relative numbers, and the packet that an ICMP error quotes', () => {
    const lossy = segmentsOf(scenarioOf(bulk(10_000), { there: { dropData: [2] } }))
    const ack = lossy.find(({ sack }) => sack.length > 0) as SegmentRecord
    expect(find(decodeFields(ack.frame, ack), 'SACK')?.value).toBe('3001 to 4001')
    for (const ip of [4, 6] as const) {
      const segments = segmentsOf(scenarioOf(bulk(5000), { ...plain, ip, there: { mtu: 1300 } }))
      const error = segments.find(({ kind }) => kind === 'icmp') as SegmentRecord
      const fields = decodeFields(error.frame)
      expect(find(fields, 'MTU of the next link')?.value).toBe('1300')
      expect(
        find(find(fields, 'The packet that it is about')?.children ?? [], 'Destination port')?.value,
      ).toBe('80')
    }
  })

  test('lie in the frame and in what they are part of, and cover all of it', () => {
    const segments = segmentsOf(
      scenarioOf(bulk(30_000), { ...plain, there: { loss: 0.05, mtu: 1400 }, router: true }),
    )
    for (const { frame } of segments) {
      const fields = decodeFields(frame)
      const covered = new Set(
        flat(fields).flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)),
      )
      expect(covered.size).toBe(frame.length)
      for (const field of flat(fields)) {
        for (const child of field.children ?? []) {
          expect(child.offset).toBeGreaterThanOrEqual(field.offset)
          expect(child.offset + child.length).toBeLessThanOrEqual(field.offset + field.length)
        }
      }
    }
  })

  test('of any bytes, and of any part of a frame, there are some that lie in them', () => {
    const frames = segmentsOf(scenarioOf(bulk(3000), plain)).map(({ frame }) => frame)
    const cut = fc
      .tuple(fc.constantFrom(...frames), fc.nat(1600))
      .map(([frame, length]) => frame.slice(0, length))
    const changed = fc
      .tuple(fc.constantFrom(...frames), fc.nat(80), fc.nat(255))
      .map(([frame, at, byte]) => frame.map((old, i) => (i === at ? byte : old)))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), cut, changed), (bytes) => {
        for (const { offset, length } of flat(decodeFields(bytes))) {
          expect(offset).toBeGreaterThanOrEqual(0)
          expect(length).toBeGreaterThan(0)
          expect(offset + length).toBeLessThanOrEqual(bytes.length)
        }
      }),
      { numRuns: 500 },
    )
  })
})
