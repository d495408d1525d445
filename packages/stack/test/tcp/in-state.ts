import { Script, type ScriptOptions } from './script.ts'

/** Every state a peer can meet a connection in; SYN-RECEIVED by either way (MUST-11). */
export const STATES = [
  'SYN-SENT',
  'SYN-RECEIVED',
  'SYN-RECEIVED (active)',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const
export type StateName = (typeof STATES)[number]

/** Where both sides stand there: relative sequence numbers. */
export interface Standing {
  /** What the stack expects next of T. */
  readonly rcvNxt: number
  readonly sndUna: number
  readonly sndNxt: number
}

export const STANDING: { readonly [S in StateName]: Standing } = {
  'SYN-SENT': { rcvNxt: 0, sndUna: 0, sndNxt: 1 },
  'SYN-RECEIVED': { rcvNxt: 1, sndUna: 0, sndNxt: 1 },
  'SYN-RECEIVED (active)': { rcvNxt: 1, sndUna: 0, sndNxt: 1 },
  ESTABLISHED: { rcvNxt: 1, sndUna: 1, sndNxt: 1 },
  'FIN-WAIT-1': { rcvNxt: 1, sndUna: 1, sndNxt: 2 },
  'FIN-WAIT-2': { rcvNxt: 1, sndUna: 2, sndNxt: 2 },
  'CLOSE-WAIT': { rcvNxt: 2, sndUna: 1, sndNxt: 1 },
  CLOSING: { rcvNxt: 2, sndUna: 1, sndNxt: 2 },
  'LAST-ACK': { rcvNxt: 2, sndUna: 1, sndNxt: 2 },
  'TIME-WAIT': { rcvNxt: 2, sndUna: 2, sndNxt: 2 },
}

/** Brings a script into a state by the shortest way; nothing is left to be looked at. A listener is there but in SYN-SENT. */
export function inState(state: StateName, options: ScriptOptions = {}): Script {
  const t = new Script(options)
  switch (state) {
    case 'SYN-SENT':
      t.connect().expect({ flags: 'S' })
      break
    case 'SYN-RECEIVED':
      t.listen().send({ flags: 'S' }).expect({ flags: 'SA', seq: 0, ack: 1 })
      break
    case 'SYN-RECEIVED (active)':
      t.connect().expect({ flags: 'S' })
      t.send({ flags: 'S' }).expect({ flags: 'SA', seq: 0, ack: 1 })
      break
    default:
      t.established()
      walk(t, state)
  }
  t.silence()
  t.events.length = 0
  return t
}

function walk(t: Script, state: StateName): void {
  const closesFirst = state !== 'ESTABLISHED' && state !== 'CLOSE-WAIT' && state !== 'LAST-ACK'
  if (closesFirst) {
    t.connection.shutdown()
    t.expect({ flags: 'FA', seq: 1, ack: 1 })
  }
  if (state === 'FIN-WAIT-2' || state === 'TIME-WAIT') t.send({ flags: 'A', seq: 1, ack: 2 })
  if (state === 'CLOSING' || state === 'CLOSE-WAIT' || state === 'LAST-ACK') {
    t.send({ flags: 'FA', seq: 1, ack: 1 }).expect({ flags: 'A', ack: 2 })
  }
  if (state === 'TIME-WAIT') t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', seq: 2, ack: 2 })
  if (state === 'LAST-ACK') {
    t.connection.shutdown()
    t.expect({ flags: 'FA', seq: 1, ack: 2 })
  }
}

/** The state by its name in this file, or CLOSED when nothing of the connection is left. */
export function stateOf(t: Script): StateName | 'CLOSED' {
  const { halfOpen, timeWait, connections } = t.stack.tcp.sizes
  if (timeWait > 0) return 'TIME-WAIT'
  if (halfOpen > 0) return 'SYN-RECEIVED'
  if (connections === 0) return 'CLOSED'
  return t.state === 'SYN-RECEIVED' ? 'SYN-RECEIVED (active)' : (t.state as StateName)
}

/** T opens from a port of its own; `t.iss` is that connection's afterwards. */
export function openFrom(t: Script, port: number): void {
  t.remotePort = port
  t.send({ flags: 'S' }).expect({ flags: 'SA', ack: 1 })
  t.send({ flags: 'A', seq: 1, ack: 1 })
}
