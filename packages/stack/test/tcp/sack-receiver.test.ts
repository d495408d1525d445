import { describe, expect, it } from 'vitest'
import { MODERN, ORIGINS, pattern, SACK_ONLY, Script, type SentSeg } from './script.ts'

/** The SACK blocks of a segment, relative; null without the option. */
function blocks(t: Script, segment: SentSeg): [number, number][] | null {
  const option = segment.options.find((o) => o.name === 'sack')
  if (option === undefined || option.name !== 'sack') return null
  return option.blocks.map(([left, right]) => [(left - t.isn) | 0, (right - t.isn) | 0])
}

/** T sends 100 bytes at `seq`; gives back the blocks of the one ACK that answers. */
function put(t: Script, seq: number, length = 100): [number, number][] | null {
  t.send({ flags: 'A', seq, ack: 1, data: length })
  const ack = t.next()
  t.silence()
  return blocks(t, ack)
}

describe.each(ORIGINS)('SACK blocks, $name', (origin) => {
  it('R2018-03 R2018-04 R2018-06 the latest island comes first, on every ACK while there is a gap', () => {
    const t = new Script(origin).established(SACK_ONLY)
    expect(put(t, 201)).toEqual([[201, 301]])
    expect(put(t, 401)).toEqual([
      [401, 501],
      [201, 301],
    ])
    expect(put(t, 601)).toEqual([
      [601, 701],
      [401, 501],
      [201, 301],
    ])
    // Into the one in the middle: extended, and first.
    expect(put(t, 501, 50)).toEqual([
      [401, 551],
      [601, 701],
      [201, 301],
    ])
  })

  it('R2018-06 a FIN behind a hole is told as a byte, by itself and at the end of text', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.send({ flags: 'FA', seq: 401, ack: 1 })
    expect(blocks(t, t.next())).toEqual([[401, 402]])
    expect(put(t, 201)).toEqual([
      [201, 301],
      [401, 402],
    ])
    expect(put(t, 301)).toEqual([[201, 402]])
    t.send({ flags: 'A', seq: 1, ack: 1, data: 200 })
    expect(t.next()).toMatchObject({ ack: 402, options: [] })
    expect(t.connection.readable).toBe(400)
    expect(t.connection.ended).toBe(true)
  })

  it('R2018-06 text with a FIN behind a hole is one block; nothing but the text is there to be read', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.send({ flags: 'FA', seq: 201, ack: 1, data: 100 })
    expect(blocks(t, t.next())).toEqual([[201, 302]])
    expect(t.connection.readable).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 200 })
    expect(t.next()).toMatchObject({ ack: 302, options: [] })
    expect(t.connection.readable).toBe(300)
    expect(t.connection.ended).toBe(true)
  })

  it('R2018-04 a segment that moves the cumulative ACK does not come first', () => {
    const t = new Script(origin).established(SACK_ONLY)
    put(t, 201)
    put(t, 401)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 200 })
    const ack = t.next()
    expect(ack.ack).toBe(301)
    expect(blocks(t, ack)).toEqual([[401, 501]])
  })

  it('R2018-05 four blocks fit without timestamps, three beside them', () => {
    for (const [options, most] of [
      [SACK_ONLY, 4],
      [MODERN, 3],
    ] as const) {
      const t = new Script(origin).established(options)
      for (let i = 0; i < 5; i++) t.send({ flags: 'A', seq: 201 + 200 * i, ack: 1, data: 100 })
      t.skip()
      const got = put(t, 1201)!
      expect(got).toHaveLength(most)
      expect(got[0]).toEqual([1201, 1301])
      expect(got[1]).toEqual([1001, 1101])
    }
  })

  it('R2018-05 each block is told in at least three successive ACKs', () => {
    const t = new Script(origin).established(MODERN)
    const told = new Map<number, number>()
    for (let i = 0; i < 8; i++) {
      for (const [left] of put(t, 201 + 200 * i)!) told.set(left, (told.get(left) ?? 0) + 1)
    }
    for (let i = 0; i < 6; i++) expect(told.get(201 + 200 * i)).toBeGreaterThanOrEqual(3)
  })

  it('R2018-02 a peer that did not permit SACK gets duplicate ACKs without it, one for each segment (R5681-11)', () => {
    const t = new Script(origin).established()
    t.send(...[2, 3, 4].map((i) => ({ flags: 'A', seq: 1 + 100 * i, ack: 1, data: 100 })))
    for (let i = 0; i < 3; i++) {
      const ack = t.next()
      expect(ack).toMatchObject({ flags: 'A', ack: 1, length: 0 })
      expect(blocks(t, ack)).toBeNull()
    }
    t.silence()
  })

  it('R2018-01 SACK-permitted on a later segment changes nothing', () => {
    const t = new Script(origin).established()
    t.send({ flags: 'A', seq: 1, ack: 1, options: [{ name: 'sackPermitted' }] })
    t.send({ flags: 'A', seq: 201, ack: 1, data: 100 })
    expect(blocks(t, t.next())).toBeNull()
  })

  it('R2018-03 data going the other way carries the blocks as well, in room taken from it', () => {
    const t = new Script(origin).established(SACK_ONLY)
    put(t, 201)
    t.connection.write(new Uint8Array(1460))
    const data = t.next()
    expect(data).toMatchObject({ length: 1448, ack: 1 })
    expect(blocks(t, data)).toEqual([[201, 301]])
    expect(t.next()).toMatchObject({ length: 12 })
    t.silence()
  })

  it('R2018-03 a gap that is seen while there is data to send is told with that data', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.connection.handler = {
      onReadable: () => undefined,
    }
    t.device.full = true
    t.connection.write(new Uint8Array(100))
    t.send({ flags: 'A', seq: 201, ack: 1, data: 100 })
    t.device.writable()
    const data = t.next()
    expect(data).toMatchObject({ length: 100, ack: 1 })
    expect(blocks(t, data)).toEqual([[201, 301]])
    t.silence()
  })

  it('R2018-07 what was SACKed is kept, and there once the gap is filled', () => {
    const t = new Script(origin).established(SACK_ONLY)
    for (let i = 1; i < 20; i += 2) put(t, 1 + 100 * i)
    for (let i = 0; i < 20; i += 2) t.send({ flags: 'A', seq: 1 + 100 * i, ack: 1, data: 100 })
    t.skip()
    expect(t.readAll()).toEqual(pattern(1, 2000))
  })
})

describe.each(ORIGINS)('D-SACK, $name', (origin) => {
  /** T has sent 1..4001 in order, and it was read. */
  function withData(): Script {
    const t = new Script(origin).established(SACK_ONLY)
    for (let i = 0; i < 4; i++) t.send({ flags: 'A', seq: 1 + 1000 * i, ack: 1, data: 1000 })
    t.readAll()
    t.skip()
    return t
  }

  it('R2883-01 a segment that was here is told by the first block, once', () => {
    const t = withData()
    t.send({ flags: 'A', seq: 3001, ack: 1, data: 500 })
    const ack = t.next()
    expect(ack.ack).toBe(4001)
    expect(blocks(t, ack)).toEqual([[3001, 3501]])
    t.send({ flags: 'A', seq: 4001, ack: 1, data: 100 })
    expect(blocks(t, t.next())).toBeNull()
  })

  it('R2883-02 inside a queued island, the second block is the whole island', () => {
    const t = withData()
    put(t, 4501, 1500)
    expect(put(t, 4501, 500)).toEqual([
      [4501, 5001],
      [4501, 6001],
    ])
    expect(put(t, 7001, 100)).toEqual([
      [7001, 7101],
      [4501, 6001],
    ])
  })

  it('R2883-03 of a segment half old and half new the old half is told', () => {
    const t = withData()
    t.send({ flags: 'A', seq: 3501, ack: 1, data: 1000 })
    const ack = t.next()
    expect(ack.ack).toBe(4501)
    expect(blocks(t, ack)).toEqual([[3501, 4001]])
  })

  it('R2883-03 of a segment over two islands the lower one is told', () => {
    const t = withData()
    put(t, 4501, 100)
    put(t, 4801, 100)
    expect(put(t, 4401, 700)).toEqual([
      [4501, 4601],
      [4401, 5101],
    ])
  })

  it('R2883-03 data that fills a gap and repeats what lies behind it', () => {
    const t = withData()
    put(t, 4501, 100)
    t.send({ flags: 'A', seq: 4001, ack: 1, data: 700 })
    const ack = t.next()
    expect(ack.ack).toBe(4701)
    expect(blocks(t, ack)).toEqual([[4501, 4601]])
  })

  it('R2883-01 two retransmissions in one burst that touch are one block, and others get ACKs of their own', () => {
    const t = withData()
    t.send({ flags: 'A', seq: 1001, ack: 1, data: 500 }, { flags: 'A', seq: 1501, ack: 1, data: 500 })
    expect(blocks(t, t.next())).toEqual([[1001, 2001]])
    t.silence()
    t.send({ flags: 'A', seq: 1001, ack: 1, data: 500 }, { flags: 'A', seq: 3001, ack: 1, data: 500 })
    expect(blocks(t, t.next())).toEqual([[1001, 1501]])
    expect(blocks(t, t.next())).toEqual([[3001, 3501]])
    t.silence()
  })

  it('R2883-05 what PAWS refuses is answered, and may be told as a duplicate', () => {
    const t = new Script(origin).established(MODERN)
    t.ts!.val = 100
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 }).skip()
    t.ts!.val = 50
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    const ack = t.next()
    expect(ack.ack).toBe(101)
    expect(blocks(t, ack)).toEqual([[1, 101]])
    expect(t.stack.tcp.counters.droppedPaws).toBe(1)
  })

  it('R2018-02 without SACK-permitted there is no D-SACK either', () => {
    const t = new Script(origin).established()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 }).skip()
    expect(put(t, 1, 100)).toBeNull()
  })

  it('R2883-01 a device that was full has told nothing: the block waits for the ACK that leaves', () => {
    const t = withData()
    t.device.full = true
    t.send({ flags: 'A', seq: 3001, ack: 1, data: 500 })
    t.silence()
    t.device.writable()
    expect(blocks(t, t.next())).toEqual([[3001, 3501]])
  })
})
