import type { TcpConnection, TraceEvent } from '@tapwire/stack'
import type { EndRecord, EndSample } from '../recording.ts'
import type { HostName } from '../scenario.ts'
import { other } from './addresses.ts'
import type { Conversation } from './conversations.ts'
import { emptySample, isUnchanged, sampleOf } from './end-sample.ts'
import type { Recorder } from './recorder.ts'
import type { Segment } from './segment.ts'

/** One end of a connection while it is being recorded. */
class End implements EndRecord {
  readonly host: HostName
  readonly flow: number
  readonly address: string
  readonly samples: EndSample[] = []
  readonly conversation: Conversation
  /** The stack's number of it; 0 while there is none. */
  id = 0
  connection: TcpConnection | null = null
  state: string
  touched = true

  constructor(host: HostName, flow: number, address: string, state: string, conversation: Conversation) {
    this.host = host
    this.flow = flow
    this.address = address
    this.state = state
    this.conversation = conversation
  }
}

/** Keeps the ends of all connections, and samples those of which something was heard. */
export class EndBook {
  readonly ends: End[] = []
  readonly #recorder: Recorder
  readonly #byId = { A: new Map<number, End>(), B: new Map<number, End>() }
  #touched: End[] = []

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** There will be a connection: so far its end is in this state. */
  begin(host: HostName, flow: number, address: string, state: string, conversation: Conversation): void {
    const end = new End(host, flow, address, state, conversation)
    this.ends.push(end)
    this.#touched.push(end)
  }

  /** Of a connection that was heard of. */
  flowOf(host: HostName, connection: number): number | null {
    return this.#byId[host].get(connection)?.flow ?? null
  }

  /** Takes a stack's event in: what it says of states is put right where the stack keeps no connection. */
  note(host: HostName, flow: number, event: TraceEvent, segment: Segment | null): void {
    const end = this.#endOf(host, flow, event, segment)
    if (end !== null) this.touch(end)
    const number = segment === null ? null : segment.number
    if (event.kind !== 'state' || end === null) {
      this.#recorder.push(host, flow, event, number)
      if (end !== null && event.kind === 'segmentOut') this.#moveHalfOpen(end, event.flags, number)
      return
    }
    // The record of a connection in TIME-WAIT is no connection to the stack: what follows at once is not its end.
    if (end.state === 'TIME-WAIT') return
    this.#move(end, event.connection, event.to, number)
  }

  /** An application has used its end, of which no trace tells. */
  touchFlow(flow: number): void {
    for (const end of this.ends) if (end.flow === flow) this.touch(end)
  }

  /** An end that nobody will hear of any more. */
  forget(end: End): void {
    this.ends.splice(this.ends.indexOf(end), 1)
    this.#byId[end.host].delete(end.id)
  }

  touch(end: End): void {
    if (end.touched) return
    end.touched = true
    this.#touched.push(end)
  }

  /** So many of a host's connections are in TIME-WAIT now: the others have left it, the first ones first. */
  timeWaits(host: HostName, left: number): void {
    const waiting = this.ends.filter((end) => end.host === host && end.state === 'TIME-WAIT')
    for (const end of waiting.slice(0, Math.max(0, waiting.length - left))) {
      this.touch(end)
      this.#move(end, end.id, 'CLOSED', null)
    }
  }

  /** Looks at all that something was heard of. @param find a host's connection by its number */
  sample(find: (host: HostName, id: number) => TcpConnection | null): void {
    const touched = this.#touched
    if (touched.length === 0) return
    this.#touched = []
    for (const end of touched) {
      end.touched = false
      if (end.connection === null && end.id !== 0) end.connection = find(end.host, end.id)
      this.#look(end)
    }
  }

  #look(end: End): void {
    const { time, lastEvent: event } = this.#recorder
    const { seq } = end.conversation.numbers
    const own = seq[end.host]
    const peer = seq[other(end.host)]
    const sample =
      end.connection === null
        ? this.#withoutConnection(end, time, event)
        : sampleOf(end.connection, time, event, end.state, own, peer)
    const last = end.samples[end.samples.length - 1]
    if (last !== undefined && isUnchanged(last, sample)) return
    if (last !== undefined && last.time === time && last.event === event) end.samples.pop()
    end.samples.push(sample)
  }

  #withoutConnection(end: End, time: number, event: number): EndSample {
    const last = end.samples[end.samples.length - 1]
    if (last !== undefined && end.id !== 0) return { ...last, time, event, state: end.state }
    const empty = emptySample(time, event, end.state)
    if (end.state !== 'SYN-RECEIVED') return empty
    // Our SYN is under way, and the peer's has come.
    return { ...empty, sndNxt: 1, sndEnd: 1, rcvNxt: 1, rcvRead: 1 }
  }

  #move(end: End, connection: number, to: string, segment: number | null): void {
    const { time, lastEvent } = this.#recorder
    const from = end.state
    const last = end.samples[end.samples.length - 1]
    // A state that lasts no time is one nevertheless: its other variables are those that were last looked at.
    if (last !== undefined && last.state !== from) {
      end.samples.push({ ...last, time, event: lastEvent, state: from })
    }
    end.state = to
    this.#recorder.push(end.host, end.flow, { time, connection, kind: 'state', from, to }, segment)
  }

  /** Of what is half open the stack keeps a record, which is no connection yet: its segments tell. */
  #moveHalfOpen(end: End, flags: string, segment: number | null): void {
    if (end.state === 'LISTEN' && flags.startsWith('SA')) this.#move(end, 0, 'SYN-RECEIVED', segment)
    else if (end.state === 'SYN-RECEIVED' && end.id === 0 && flags.startsWith('R')) {
      this.#move(end, 0, 'LISTEN', segment)
    }
  }

  #endOf(host: HostName, flow: number, event: TraceEvent, segment: Segment | null): End | null {
    const known = this.#byId[host].get(event.connection)
    if (known !== undefined) return known
    const end = this.ends.find((one) => one.host === host && one.flow === flow)
    if (end === undefined) return null
    // A SYN from elsewhere that the same listener answers is another conversation.
    if (segment !== null && segment.conversation !== end.conversation) return null
    if (event.connection !== 0 && end.id === 0) {
      end.id = event.connection
      this.#byId[host].set(event.connection, end)
      return end
    }
    return event.connection === 0 && end.id === 0 ? end : null
  }
}
