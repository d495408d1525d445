import type { Path } from '../ip/network.ts'
import type { CongestionControl } from './congestion/controller.ts'
import type { TcpContext } from './context.ts'
import { Tcb } from './tcb.ts'

/*
 * Those who rest leave their TCB to those who come and those who wake: while connections come, are used and rest, none becomes
 * garbage, of which they would be the most.
 */

/** Fields that a TCB shares with others, or that are its owner's to set. */
const OWN: readonly string[] = [
  'tcp',
  'path',
  'local',
  'remote',
  'own',
  'congestion',
  'handler',
  'connection',
]

/** As new: a TCB that was left by a connection, or one that is made. */
export function takeTcb(
  tcp: TcpContext,
  path: Path,
  localPort: number,
  remotePort: number,
  id: number,
  congestion: CongestionControl,
): Tcb {
  const tcb = tcp.resting.spare.pop()
  if (tcb === undefined) return new Tcb(tcp, path, localPort, remotePort, true, id, congestion)
  renew(tcb, freshTcb(tcb))
  tcb.path = path
  tcb.local = path.local
  tcb.remote = path.remote
  tcb.localPort = localPort
  tcb.remotePort = remotePort
  tcb.passive = true
  tcb.id = id
  tcb.congestion = congestion
  return tcb
}

/** A connection that has never done anything, to compare with. */
export function freshTcb({ tcp, path, congestion }: Tcb): Tcb {
  tcp.resting.fresh ??= new Tcb(tcp, path, 0, 0, false, 0, congestion)
  return tcp.resting.fresh
}

interface Fields {
  readonly record: string | null
  readonly names: readonly string[]
}

/** Made once: the names of all numbers and flags of a TCB, and of each record that belongs to it. */
let fields: readonly Fields[] = []

function fieldsOf(record: string | null, of: object): Fields {
  const names = Object.entries(of).flatMap(([name, value]) =>
    typeof value === 'object' || typeof value === 'function' ? [] : [name],
  )
  return { record, names }
}

function allFields(fresh: Tcb): readonly Fields[] {
  const records = Object.entries(fresh).flatMap(([name, value]) =>
    typeof value !== 'object' || value === null || OWN.includes(name) ? [] : [fieldsOf(name, value)],
  )
  return [fieldsOf(null, fresh), ...records]
}

/** What may rest has nothing in its rings and lists; so numbers and flags are all that there is to be set back. */
function renew(tcb: Tcb, fresh: Tcb): void {
  if (fields.length === 0) fields = allFields(fresh)
  for (const { record, names } of fields) {
    const from = partOf(fresh, record)
    const to = partOf(tcb, record)
    for (const name of names) to[name] = from[name]
  }
}

function partOf(tcb: Tcb, record: string | null): Record<string, unknown> {
  const all = tcb as unknown as Record<string, Record<string, unknown>>
  return record === null ? all : all[record]
}
