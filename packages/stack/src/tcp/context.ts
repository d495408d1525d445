import type { Engine } from '../core/engine.ts'
import { HalfSipHash } from '../core/siphash.ts'
import { WorkQueue } from '../core/work-queue.ts'
import type { Network } from '../ip/network.ts'
import type { Limits } from '../limits.ts'
import type { TcpConfig } from './config.ts'
import { createCongestionControl } from './congestion/choose.ts'
import type { CongestionControl } from './congestion/controller.ts'
import { TcpCounters } from './counters.ts'
import { FastOpenCache } from './fast-open/cache.ts'
import { FourTupleTable } from './four-tuple-table.ts'
import type { HalfOpen } from './half-open.ts'
import { SeqRangesPool } from './ranges.ts'
import { RateLimit } from './rate-limit.ts'
import { RestingConnections } from './resting.ts'
import { SentRecordPool } from './sent-record.ts'
import type { Tcb, TcbTimeout } from './tcb.ts'
import type { TimeWaitRecord } from './time-wait.ts'
import type { TcpTracer } from './trace.ts'

/** What all connections of one stack share. */
export class TcpContext {
  readonly engine: Engine
  readonly network: Network
  readonly config: TcpConfig
  readonly limits: Limits
  readonly counters = new TcpCounters()
  readonly records: SentRecordPool
  readonly ranges = new SeqRangesPool()
  tracer: TcpTracer | null = null
  /** Connections in any state but TIME-WAIT, and those of them that are idle and put away. */
  readonly connections: FourTupleTable<Tcb>
  readonly resting: RestingConnections
  /** SYN-RECEIVED from a listener. */
  readonly halfOpen: FourTupleTable<HalfOpen>
  readonly timeWait: FourTupleTable<TimeWaitRecord>
  /** Connections that owe output; each stands here at most once (`outputQueued`). */
  readonly output = new WorkQueue<Tcb>()
  /** Connections whose application has to be told something (`notifyQueued`). */
  readonly notify = new WorkQueue<Tcb>()
  /** Connections whose ACK waits for their application's answer (`answerTurns`). */
  readonly answers = new WorkQueue<Tcb>()
  /** The oldest so many of them have a turn that passes already. */
  answersTimed = 0
  /** Connections whose device was full. */
  readonly blocked = new WorkQueue<Tcb>()
  /** For initial sequence numbers, ports and timestamp offsets: keyed by 64 secret bits. */
  readonly secretHash: HalfSipHash
  /** RFC 6056 section 3.3.4: ten or more counters, one per class of destinations. */
  readonly portCounters = new Uint32Array(16)
  readonly fastOpenCache: FastOpenCache
  readonly resetLimit: RateLimit
  readonly challengeLimit: RateLimit
  /** Connections that are closed and not over: see `orphan.ts`. */
  orphans = 0
  nextId = 1
  /** What a connection's timer does. */
  readonly expire: TcbTimeout

  constructor(engine: Engine, network: Network, config: TcpConfig, limits: Limits, expire: TcbTimeout) {
    const random = engine.random
    this.engine = engine
    this.network = network
    this.config = config
    this.limits = limits
    this.expire = expire
    const key0 = random.uint32()
    const key1 = random.uint32()
    this.connections = new FourTupleTable(key0, key1)
    this.resting = new RestingConnections(key0, key1)
    this.halfOpen = new FourTupleTable(random.uint32(), random.uint32())
    this.timeWait = new FourTupleTable(random.uint32(), random.uint32())
    this.secretHash = new HalfSipHash({ k0: random.uint32(), k1: random.uint32() })
    this.records = new SentRecordPool(limits.spareRecords, this.counters)
    this.fastOpenCache = new FastOpenCache(limits.fastOpenCookies, this.counters)
    this.resetLimit = new RateLimit(limits.resetsPerSecond)
    this.challengeLimit = new RateLimit(limits.challengeAcksPerSecond, random)
  }

  /** All that count for the limit, resting or not. */
  get connectionCount(): number {
    return this.connections.size + this.resting.table.size
  }

  /** For a new connection, by the stack's setting. */
  newCongestionControl(): CongestionControl {
    return createCongestionControl(this.config.congestion)
  }
}
