import { describe, expect, it } from 'vitest'
import { seqDiff } from '../../src/core/seq.ts'
import { SeededRandom } from '../../src/index.ts'
import { SentLog } from '../../src/tcp/sent-log.ts'
import { type SentRecord, SentRecordPool } from '../../src/tcp/sent-record.ts'

/** One byte of the sequence space, as simply as can be. */
interface Byte {
  sentAt: number
  retransmissions: number
  sacked: boolean
  lost: boolean
  retransmitted: boolean
}

/** The log once more, byte by byte. */
class Model {
  bytes: Byte[] = []
  una: number

  constructor(start: number) {
    this.una = start
  }

  get nxt(): number {
    return (this.una + this.bytes.length) | 0
  }

  range(from: number, to: number): Byte[] {
    return this.bytes.slice(seqDiff(from, this.una), seqDiff(to, this.una))
  }

  sum(which: (byte: Byte) => boolean): number {
    return this.bytes.filter(which).length
  }
}

function records(log: SentLog): SentRecord[] {
  const all: SentRecord[] = []
  for (let record = log.head; record !== null; record = record.next) all.push(record)
  return all
}

function agrees(record: SentRecord, byte: Byte): boolean {
  if (record.sacked || byte.sacked) return record.sacked && byte.sacked
  return (
    record.lost === byte.lost && record.retransmitted === byte.retransmitted && record.sentAt === byte.sentAt
  )
}

function check(log: SentLog, model: Model): void {
  const all = records(log)
  expect(log.count).toBe(all.length)
  expect(log.tail).toBe(all.at(-1) ?? null)
  expect(log.bytes).toBe(model.bytes.length)
  expect(log.sackedBytes).toBe(model.sum((b) => b.sacked))
  expect(log.lostBytes).toBe(model.sum((b) => b.lost))
  expect(log.retransmittedBytes).toBe(model.sum((b) => b.retransmitted))
  // R6675-03: +1 for what is neither SACKed nor lost, +1 for what was sent again.
  const pipe = model.sum((b) => !b.sacked && !b.lost) + model.sum((b) => b.retransmitted)
  expect(log.pipe).toBe(pipe)
  let at = model.una
  const faults: string[] = []
  all.forEach((record, i) => {
    const fault = (wrong: boolean, what: string): unknown => wrong && faults.push(`record ${i}: ${what}`)
    fault(record.start !== at || record.length <= 0, 'a gap')
    fault(record.previous !== (all[i - 1] ?? null), 'the way back')
    fault(record.sacked && (all[i + 1]?.sacked ?? false), 'two SACKed neighbours')
    fault(
      model.range(record.start, record.end).some((byte) => !agrees(record, byte)),
      'its state',
    )
    at = record.end
  })
  expect(faults).toEqual([])
  expect(at).toBe(model.nxt)
  const waiting = all.find((r) => r.lost && !r.retransmitted) ?? null
  expect(log.nextLost()).toBe(waiting)
  checkTimes(log, all)
}

/** In the list by time stands what is in the network, and nothing else, the oldest first. */
function checkTimes(log: SentLog, all: SentRecord[]): void {
  const flying: SentRecord[] = []
  for (let record = log.byTime.oldest; record !== null; record = record.newer) flying.push(record)
  expect(
    flying.every((r, i) => i === 0 || (r.sentAt >= flying[i - 1].sentAt && r.older === flying[i - 1])),
  ).toBe(true)
  const wanted = all.filter((r) => !r.sacked && (!r.lost || r.retransmitted))
  const listed = new Set(flying)
  expect(flying.length).toBe(wanted.length)
  expect(wanted.every((r) => listed.has(r))).toBe(true)
}

/** One random step, on both. */
function step(log: SentLog, model: Model, random: SeededRandom, now: number): void {
  const below = (n: number): number => (random.uint32() >>> 0) % n
  const all = records(log)
  const any = all.length > 0 ? all[below(all.length)] : null
  switch (below(9)) {
    case 0:
    case 1: {
      if (model.bytes.length > 600) break
      const length = 1 + below(40)
      log.append(model.nxt, (model.nxt + length) | 0, now)
      for (let i = 0; i < length; i++) {
        model.bytes.push({
          sentAt: now,
          retransmissions: 0,
          sacked: false,
          lost: false,
          retransmitted: false,
        })
      }
      break
    }
    case 2: {
      // A cumulative ACK, into the middle of a record or to its end.
      const ack = (model.una + below(Math.min(model.bytes.length, 60) + 1)) | 0
      while (log.head !== null && seqDiff(ack, log.head.start) > 0) log.removeHead(ack)
      model.bytes.splice(0, seqDiff(ack, model.una))
      model.una = ack
      break
    }
    case 3:
    case 4: {
      if (any === null || any.sacked) break
      for (const byte of model.range(any.start, any.end)) {
        Object.assign(byte, { sacked: true, lost: false, retransmitted: false })
      }
      const joined = log.markSacked(any)
      expect(joined.sacked).toBe(true)
      break
    }
    case 5: {
      if (any === null || any.sacked) break
      for (const byte of model.range(any.start, any.end))
        Object.assign(byte, { lost: true, retransmitted: false })
      log.markLost(any)
      break
    }
    case 6: {
      const lost = log.nextLost() ?? any
      if (lost === null || lost.sacked) break
      for (const byte of model.range(lost.start, lost.end)) {
        Object.assign(byte, { sentAt: now, retransmissions: byte.retransmissions + 1, retransmitted: true })
      }
      log.markRetransmitted(lost, now)
      break
    }
    case 7: {
      if (any !== null && !any.sacked && any.length > 1)
        log.split(any, (any.start + 1 + below(any.length - 1)) | 0)
      break
    }
    default: {
      const rare = below(30)
      if (rare === 0) {
        // What a run of SACKed records had been through one by one is not kept.
        const runs = all.filter((record) => record.sacked)
        log.forgetSacked()
        for (const { start, end, sentAt, retransmissions } of runs) {
          for (const byte of model.range(start, end)) {
            Object.assign(byte, { sacked: false, lost: true, sentAt, retransmissions })
          }
        }
      } else if (rare === 1) {
        log.forgetLost(now)
        for (const byte of model.bytes) {
          if (byte.lost && byte.retransmissions > 0 && !byte.retransmitted) byte.sentAt = now
          byte.lost = false
        }
      }
    }
  }
}

describe('what is in flight, against a model byte by byte', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'R6675-03 R8985-05 sums, order and times hold in any sequence of events, seed %i',
    (seed) => {
      const random = new SeededRandom(seed)
      // Half of them across the wraps of int32 and uint32.
      const start = [0, 0x7fff_ff00 | 0, -300][seed % 3]
      const log = new SentLog(new SentRecordPool())
      const model = new Model(start)
      for (let i = 0; i < 3000; i++) {
        step(log, model, random, i >> 1)
        check(log, model)
      }
      log.clear()
      expect([log.count, log.bytes, log.sackedBytes, log.lostBytes, log.retransmittedBytes]).toEqual([
        0, 0, 0, 0, 0,
      ])
      expect(log.byTime.oldest).toBeNull()
    },
  )

  it('finds a sequence number from wherever the last search ended', () => {
    const random = new SeededRandom(9)
    const log = new SentLog(new SentRecordPool())
    const start = 0x7fff_ffff - 500
    let end = start
    for (let i = 0; i < 100; i++) {
      const next = (end + 1 + ((random.uint32() >>> 0) % 20)) | 0
      log.append(end, next, i)
      end = next
    }
    for (let i = 0; i < 1000; i++) {
      const all = records(log)
      if (i % 50 === 49) log.removeHead(all[0].end)
      const seq = (all[1].start + ((random.uint32() >>> 0) % seqDiff(end, all[1].start))) | 0
      const wanted = all.find((r) => seqDiff(r.end, seq) > 0)
      expect(log.find(seq)).toBe(wanted)
    }
  })

  it('takes its records from the pool: steady traffic makes no new ones', () => {
    const pool = new SentRecordPool()
    const log = new SentLog(pool)
    const seen = new Set<SentRecord>()
    for (let i = 0; i < 1000; i++) {
      log.append(i * 10, i * 10 + 10, i)
      seen.add(log.tail as SentRecord)
      if (i >= 10) log.removeHead((log.head as SentRecord).end)
    }
    expect(seen.size).toBeLessThanOrEqual(12)
  })
})
