import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import type { ConnectionHandler } from './api.ts'
import type { CongestionControl } from './congestion/controller.ts'
import type { Connection } from './connection.ts'
import { FourTupleTable } from './four-tuple-table.ts'
import { NumberRows } from './number-rows.ts'
import { DOUBLES, WORDS } from './rest-plan.ts'
import type { Tcb } from './tcb.ts'

/** An idle connection, put away: what cannot be written down as a number. See `rest.ts`. */
export class RestingConnection {
  readonly path: Path
  readonly localPort: number
  readonly remotePort: number
  readonly connection: Connection
  readonly handler: ConnectionHandler | null
  readonly congestion: CongestionControl
  /** Its numbers in `RestingConnections.rows`; those that are seldom anything but their first value, or null if all of them are. */
  readonly row: number
  readonly rare: readonly number[] | null
  hash = 0
  hashNext: RestingConnection | null = null

  constructor(tcb: Tcb, connection: Connection, row: number, rare: readonly number[] | null) {
    this.path = tcb.path
    this.localPort = tcb.localPort
    this.remotePort = tcb.remotePort
    this.connection = connection
    this.handler = tcb.handler
    this.congestion = tcb.congestion
    this.row = row
    this.rare = rare
  }

  get local(): IpAddress {
    return this.path.local
  }

  get remote(): IpAddress {
    return this.path.remote
  }
}

/** Those of one stack. */
export class RestingConnections {
  readonly table: FourTupleTable<RestingConnection>
  readonly rows = new NumberRows(1 + WORDS.width, DOUBLES.width)
  /** Where the table of those that do not rest is looked at next. */
  hand = 0
  /** TCBs of those that rest, for others. */
  readonly spare: Tcb[] = []
  /** A connection that has never done anything, to compare with. */
  fresh: Tcb | null = null

  constructor(key0: number, key1: number) {
    this.table = new FourTupleTable(key0, key1)
  }
}
