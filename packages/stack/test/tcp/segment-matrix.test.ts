import { describe, expect, it } from 'vitest'
import { inState, STANDING, STATES, type StateName, stateOf } from './in-state.ts'
import { ORIGINS, type Script } from './script.ts'

/*
 * Every state meets every kind of segment, left of the window, at its left edge, inside and right of it. The table is
 * RFC 9293 section 3.10.7.3 and 3.10.7.4 with RFC 5961; where they leave a choice, it is named.
 */

const KINDS = ['ACK', 'FIN', 'RST', 'SYN', 'SYN-ACK', 'SYN-FIN', 'data'] as const
type Kind = (typeof KINDS)[number]

const PLACES = ['left', 'at', 'inside', 'right'] as const
type Place = (typeof PLACES)[number]

const FLAGS: { readonly [K in Kind]: string } = {
  ACK: 'A',
  FIN: 'FA',
  RST: 'R',
  SYN: 'S',
  'SYN-ACK': 'SA',
  'SYN-FIN': 'SF',
  data: 'PA',
}

const OFFSETS: { readonly [P in Place]: number } = { left: -100, at: 0, inside: 10, right: 70_000 }

/** What is answered, and the state afterwards. */
interface Outcome {
  /** 'ack' is `<SEQ=SND.NXT><ACK=RCV.NXT>`; 'took n' the same with RCV.NXT moved by n. */
  answer: 'silence' | 'ack' | 'syn-ack' | 'rst' | `took ${number}`
  state: StateName | 'CLOSED'
}

/** ESTABLISHED and what comes after it. */
function synchronized(state: StateName, kind: Kind, place: Place): Outcome {
  const acceptable = place === 'at' || place === 'inside'
  const stay = (answer: Outcome['answer']): Outcome => ({ answer, state })
  // R5961-04: whatever its sequence number.
  if (kind === 'SYN' || kind === 'SYN-ACK' || kind === 'SYN-FIN') return stay('ack')
  // SEG-13, R5961-01.
  if (!acceptable) return stay(kind === 'RST' ? 'silence' : 'ack')
  // R5961-02, R5961-03.
  if (kind === 'RST') return place === 'at' ? { answer: 'silence', state: 'CLOSED' } : stay('ack')
  if (kind === 'ACK') return stay('silence')
  const receives = state === 'ESTABLISHED' || state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2'
  // SEG-23, MAY-13, SEG-22: beyond the FIN, or out of order.
  if (!receives || place === 'inside') return stay('ack')
  if (kind === 'data') return stay('took 20')
  const next: { readonly [from: string]: StateName } = {
    ESTABLISHED: 'CLOSE-WAIT',
    'FIN-WAIT-1': 'CLOSING',
    'FIN-WAIT-2': 'TIME-WAIT',
  }
  return { answer: 'took 1', state: next[state] }
}

/** From LISTEN or SYN-SENT; T's segments acknowledge the SYN. */
function synReceived(state: StateName, kind: Kind, place: Place): Outcome {
  const stay = (answer: Outcome['answer']): Outcome => ({ answer, state })
  if (kind === 'SYN' || kind === 'SYN-ACK' || kind === 'SYN-FIN') return stay('ack')
  if (place === 'left' || place === 'right') return stay(kind === 'RST' ? 'silence' : 'ack')
  // R5961-08.
  if (kind === 'RST') return place === 'at' ? { answer: 'silence', state: 'CLOSED' } : stay('ack')
  if (kind === 'ACK') return { answer: 'silence', state: 'ESTABLISHED' }
  if (place === 'inside') return { answer: 'ack', state: 'ESTABLISHED' }
  return kind === 'data'
    ? { answer: 'took 20', state: 'ESTABLISHED' }
    : { answer: 'took 1', state: 'CLOSE-WAIT' }
}

/** There is no window yet: T's acknowledgement of the SYN is all that can be judged. */
function synSent(kind: Kind): Outcome {
  switch (kind) {
    case 'SYN':
    case 'SYN-FIN':
      return { answer: 'syn-ack', state: 'SYN-RECEIVED (active)' }
    case 'SYN-ACK':
      return { answer: 'ack', state: 'ESTABLISHED' }
    default:
      // SEG-11, SEG-25; SEG-08 for the RST, which carries no ACK here.
      return { answer: 'silence', state: 'SYN-SENT' }
  }
}

function timeWait(kind: Kind, place: Place): Outcome {
  const stay = (answer: Outcome['answer']): Outcome => ({ answer, state: 'TIME-WAIT' })
  // RFC 1337, fix F1.
  if (kind === 'RST') return stay('silence')
  // MAY-2: later than all that the old incarnation had received.
  if (kind === 'SYN' && (place === 'inside' || place === 'right')) {
    return { answer: 'syn-ack', state: 'SYN-RECEIVED' }
  }
  // A choice: whatever is not exactly in place is told where the connection ended (Linux).
  return stay(kind === 'ACK' && place === 'at' ? 'silence' : 'ack')
}

function expected(state: StateName, kind: Kind, place: Place): Outcome {
  if (state === 'SYN-SENT') return synSent(kind)
  if (state === 'TIME-WAIT') return timeWait(kind, place)
  if (state.startsWith('SYN-RECEIVED')) return synReceived(state, kind, place)
  return synchronized(state, kind, place)
}

function check(t: Script, state: StateName, outcome: Outcome): void {
  const { rcvNxt, sndNxt } = STANDING[state]
  const { answer } = outcome
  if (answer === 'syn-ack') t.expect({ flags: 'SA' })
  else if (answer !== 'silence') {
    const taken = answer === 'ack' ? 0 : Number(answer.slice(5))
    t.expect({ flags: 'A', seq: sndNxt, length: 0, ...(state === 'SYN-SENT' ? {} : { ack: rcvNxt + taken }) })
  }
  t.silence()
  expect(stateOf(t)).toBe(outcome.state)
}

const CASES = KINDS.flatMap((kind) => PLACES.map((place) => ({ kind, place })))

describe.each(ORIGINS)('SEG-12 MAY-13 every segment in every state, $name', (origin) => {
  describe.each(STATES)('%s', (state) => {
    it.each(CASES)('$kind $place', ({ kind, place }) => {
      const t = inState(state, origin)
      const { rcvNxt, sndUna } = STANDING[state]
      const early = state === 'SYN-SENT' || state.startsWith('SYN-RECEIVED')
      t.send({
        flags: FLAGS[kind],
        seq: rcvNxt + OFFSETS[place],
        ack: early ? 1 : sndUna,
        data: kind === 'data' ? 20 : 0,
      })
      check(t, state, expected(state, kind, place))
    })
  })
})
