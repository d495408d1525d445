import type { Audit } from '../../core/audit.ts'
import type { WorkQueue } from '../../core/work-queue.ts'
import type { TcpContext } from '../context.ts'
import type { FourTuple, FourTupleTable } from '../four-tuple-table.ts'
import type { HalfOpen } from '../half-open.ts'
import type { ListenerTable } from '../listener-table.ts'
import type { Tcb } from '../tcb.ts'
import type { TimeWaitQueue } from '../time-wait.ts'

/** Counts are the counts of what is there, each entry is found where it stands, and no table exceeds its limit. */
export function auditTables(
  tcp: TcpContext,
  listeners: ListenerTable,
  timeWait: TimeWaitQueue,
  audit: Audit,
): void {
  const { limits } = tcp
  auditTable(tcp.connections, limits.connections, 'the table of connections', audit)
  auditTable(tcp.resting.table, limits.connections, 'the table of connections that rest', audit)
  auditTable(tcp.halfOpen, limits.halfOpen, 'the table of half-open connections', audit)
  auditTable(tcp.timeWait, limits.timeWait, 'the table of TIME-WAIT', audit)
  let orphans = 0
  tcp.connections.each((tcb) => {
    if (tcb.orphaned) orphans++
  })
  audit.subject = 'TCP'
  audit.check(orphans === tcp.orphans, 'orphans counted, and orphans', tcp.orphans, orphans)
  timeWait.audit(audit)
  auditListeners(tcp, listeners, audit)
  auditWork(tcp, audit)
}

function auditTable<T extends FourTuple<T>>(
  table: FourTupleTable<T>,
  limit: number,
  name: string,
  audit: Audit,
): void {
  audit.subject = name
  let count = 0
  let lost = 0
  table.each((entry) => {
    count++
    if (table.get(entry.local, entry.localPort, entry.remote, entry.remotePort) !== entry) lost++
  })
  audit.check(count === table.size, 'entries counted, and entries', table.size, count)
  audit.check(lost === 0, 'entries are not found by their tuple', lost)
  audit.check(count <= limit, 'more entries than its limit', count, limit)
}

/** Each half-open connection stands in the queue of its listener, with a timer. */
function auditListeners(tcp: TcpContext, listeners: ListenerTable, audit: Audit): void {
  let count = 0
  let queued = 0
  listeners.each((listener) => {
    count++
    audit.subject = `the listener on port ${listener.localPort}`
    const { synQueue } = listener
    let waiting = 0
    let older: HalfOpen | null = null
    for (let record = synQueue.oldest; record !== null && waiting <= synQueue.size; record = record.newer) {
      audit.check(record.older === older && record.listener === listener, 'its SYN queue is torn', waiting)
      audit.check(
        tcp.engine.timers.holds(record.timer),
        'a half-open connection has no timer',
        record.remotePort,
      )
      older = record
      waiting++
    }
    audit.check(
      waiting === synQueue.size,
      'half-open connections counted, and queued',
      synQueue.size,
      waiting,
    )
    audit.check(waiting <= tcp.limits.synBacklog, 'more half-open connections than the limit', waiting)
    audit.check(
      listener.pending <= listener.largestBacklog,
      'more connections wait than its backlog',
      listener.pending,
    )
    audit.check(!listener.closed, 'it is closed and listens')
    queued += waiting
  })
  audit.subject = 'TCP'
  audit.check(count === listeners.size, 'listeners counted, and listeners', listeners.size, count)
  audit.check(count <= tcp.limits.listeners, 'more listeners than the limit', count)
  audit.check(
    queued === tcp.halfOpen.size,
    'half-open connections, and those queued',
    tcp.halfOpen.size,
    queued,
  )
}

/** Whoever stands on a list of work says so, stands there once, and whoever says so stands there. */
function auditWork(tcp: TcpContext, audit: Audit): void {
  auditQueue(tcp, tcp.output, (tcb) => tcb.outputQueued, 'the list of those that owe output', audit)
  auditQueue(tcp, tcp.notify, (tcb) => tcb.notifyQueued, 'the list of those whose application is told', audit)
  auditQueue(tcp, tcp.blocked, (tcb) => tcb.blockedQueued, 'the list of those whose device was full', audit)
}

function auditQueue(
  tcp: TcpContext,
  queue: WorkQueue<Tcb>,
  says: (tcb: Tcb) => boolean,
  name: string,
  audit: Audit,
): void {
  audit.subject = name
  const there = new Set<Tcb>()
  queue.each((tcb) => {
    audit.check(says(tcb), 'somebody stands on it without knowing', tcb.id)
    there.add(tcb)
  })
  audit.check(there.size === queue.size, 'somebody stands on it twice', queue.size, there.size)
  tcp.connections.each((tcb) => {
    if (says(tcb) && !there.has(tcb)) audit.check(false, 'somebody believes to stand on it', tcb.id)
  })
}
