import {
  ACK,
  acknowledged,
  type Case,
  FIN,
  has,
  isAck,
  isOld,
  isOlder,
  isReset,
  RST,
  remembered,
  SYN,
  touches,
  withoutOurs,
  withoutSack,
  withoutTimes,
} from './case.ts'
import type { Difference } from './compare.ts'
import type { Facts } from './follower.ts'

/** A way in which the two differ and may. */
export interface Allowance {
  readonly name: string
  /** Who does what, and why that is right, or no matter. */
  readonly why: string
  matches(case_: Case): boolean
}

/** All that is known, each looked for in this order. */
export const ALLOW_LIST: readonly Allowance[] = [
  {
    name: 'no ACK bit',
    why: 'Linux drops a segment without ACK, RST and SYN before it looks at anything else. RFC 9293 section 3.10.7.4 looks at the sequence number first, and answers what is out of the window (or fails PAWS) with an ACK; so does tapwire.',
    matches: ({ step, kernel, tapwire }) => !has(step, ACK | RST | SYN) && kernel === '' && isAck(tapwire),
  },
  {
    name: 'text after the FIN',
    why: 'In CLOSE-WAIT and after it Linux drops what begins at or beyond the FIN in silence ("ignore the segment text"). tapwire says where it is: a peer that sends there has lost its way.',
    matches: ({ facts, kernel, tapwire }) =>
      facts.finTaken && facts.seq >= 0 && kernel === '' && isAck(tapwire),
  },
  {
    name: 'RST in the handshake',
    why: 'In SYN-RECEIVED Linux takes any RST inside the window for the end of the attempt. tapwire wants it exactly where it is expected, as RFC 5961 section 3.2 has it for all states.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.opening && has(step, RST) && kernel === '' && isAck(tapwire),
  },
  {
    name: 'SYN answered by RST',
    why: 'In SYN-RECEIVED, and in FIN-WAIT-2 and TIME-WAIT when nobody holds the connection any more, Linux answers a SYN inside the window with RST (RFC 793), or not at all. tapwire sends a challenge ACK, as RFC 5961 section 4.2 has it for all states.',
    matches: ({ step, facts, kernel, tapwire }) =>
      has(step, SYN) && (kernel.startsWith('RST') || (facts.finHeard && kernel === '')) && isAck(tapwire),
  },
  {
    name: 'wrong ACK first',
    why: 'In SYN-RECEIVED Linux looks at the acknowledgement number first and answers a wrong one with RST. RFC 9293 section 3.10.7.4 looks at the sequence number first: outside of the window it is answered with an ACK.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.opening && has(step, ACK) && kernel.startsWith('RST') && isAck(tapwire),
  },
  {
    name: 'right edge',
    why: 'To Linux the number right behind the window is still inside. RFC 9293 section 3.10.7.4 has RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND: there a RST is dropped in silence (RFC 5961 section 3.2), and data draws an ACK, also from an application that has closed; nor does an ACK from there complete a handshake.',
    matches: ({ difference: { script }, step, facts, kernel, tapwire }) => {
      if (facts.room !== 0) return false
      if (has(step, RST)) return isAck(kernel) && tapwire === ''
      if (facts.opening && step.length === 0 && !kernel.includes('RST')) return isAck(tapwire)
      return step.length > 0 && script.behaviour.startsWith('close') && isReset(kernel) && isAck(tapwire)
    },
  },
  {
    name: 'RST from the left',
    why: 'A RST with text that begins before the window and reaches into it: Linux challenges it. RFC 5961 section 3.2 asks for SEG.SEQ inside the window: it is dropped in silence.',
    matches: ({ step, facts, kernel, tapwire }) =>
      has(step, RST) && facts.seq < 0 && isAck(kernel) && tapwire === '',
  },
  {
    name: 'PAWS by one',
    why: 'Linux takes a timestamp that is older by one tick (TCP_PAWS_WINDOW). RFC 7323 section 5.3 does not.',
    matches: ({ difference: { script }, until }) =>
      until.some(
        ({ time, recent, room }, i) =>
          time !== null && recent !== null && recent - time === 1 && room >= 0 && !has(script.steps[i], RST),
      ),
  },
  {
    name: 'text over the FIN',
    why: 'Text that begins before the FIN and goes beyond it: Linux resets. RFC 9293 section 3.10.7.4 ignores the text; tapwire says where it is.',
    matches: ({ facts, kernel, tapwire }) =>
      facts.finTaken && facts.seq < 0 && kernel.startsWith('RST') && isAck(tapwire),
  },
  {
    name: 'shrunk window',
    why: 'The peer has taken back window that it had offered. Linux numbers its ACKs from the end of what is left, which is told apart from a window probe only where it acknowledges something; tapwire from SND.NXT (RFC 9293 section 3.10.7.4).',
    matches: ({ facts, kernel, tapwire }) => facts.left < 0 && kernel === '' && isAck(tapwire),
  },
  {
    name: 'half of a small window',
    why: 'Into a window that is not much larger than a segment Linux sends halves of it. tapwire sends what fits, by the rules of RFC 9293 section 3.8.6.2.1.',
    matches: ({ step, kernel, tapwire }) =>
      step.window <= 1000 && / len=\d/.test(kernel) && / len=\d/.test(tapwire),
  },
  {
    name: 'old time in TIME-WAIT',
    why: 'An ACK that says nothing new, with an old timestamp: Linux answers it in TIME-WAIT. tapwire takes it for the duplicate that it is, for two sides in TIME-WAIT would else answer each other.',
    matches: ({ difference: { script }, facts, until, kernel, tapwire }) =>
      facts.finTaken &&
      facts.finHeard &&
      isAck(kernel) &&
      tapwire === '' &&
      (isOld(facts) ||
        until.some((one, i) => has(script.steps[i], RST) && one.seq === 0 && isOlder(facts, one))),
  },
  {
    name: 'begins before the handshake',
    why: 'The segment that completes the handshake begins before the window: Linux takes what is inside. tapwire answers with an ACK, and the peer sends it again from there.',
    matches: ({ facts, kernel, tapwire }) =>
      facts.opening && facts.seq < 0 && kernel !== '' && !isReset(kernel) && isAck(tapwire),
  },
  {
    name: 'our SYN not acknowledged',
    why: 'An ACK that stops before our SYN, on a connection that we opened: Linux counts the SYN as acknowledged data and lets it pass as old. No segment of that connection can bear it: tapwire challenges it (RFC 5961 section 5.2).',
    matches: ({ difference: { script }, facts, step, kernel, tapwire }) =>
      script.opening === 'active' &&
      has(step, ACK) &&
      facts.news < 0 &&
      isAck(tapwire) &&
      (kernel === '' || isAck(kernel)),
  },
  {
    name: 'time of an old ACK',
    why: 'A segment whose ACK is older than SND.UNA: Linux does not remember its timestamp. RFC 7323 section 4.3 goes by the sequence number alone.',
    matches: (found) =>
      withoutTimes(found.kernel) === withoutTimes(found.tapwire) &&
      remembered(found, 'tapwire', ({ news }, step) => has(step, ACK) && news < 0),
  },
  {
    name: 'D-SACK of a SYN',
    why: 'A SYN with text that was received before: tapwire reports the text as a duplicate (RFC 2883), Linux only challenges the SYN.',
    matches: ({ step, kernel, tapwire }) => has(step, SYN) && withoutSack(kernel) === withoutSack(tapwire),
  },
  {
    name: 'number of the RST',
    why: 'Text for an application that has closed: Linux answers the segment (<SEQ=SEG.ACK>), tapwire resets the connection (<SEQ=SND.NXT>). Both end it (RFC 9293 section 3.10.7).',
    matches: ({ difference: { script }, kernel, tapwire }) =>
      script.behaviour.startsWith('close') && kernel.startsWith('RST') && tapwire.startsWith('RST'),
  },
  {
    name: 'time in the handshake',
    why: 'In SYN-RECEIVED Linux remembers the timestamp of a segment before it looks at its ACK, and then takes the peer for old. tapwire remembers it when the handshake is done.',
    matches: ({ difference: { script, step }, facts, kernel }) =>
      facts.opening &&
      isAck(kernel) &&
      script.steps.slice(0, step).some(({ timestamp }) => (timestamp ?? 0) >= 100_000),
  },
  {
    name: 'counted from the edge',
    why: 'No difference: a second connection began at the edge of the first one’s window, whose size is the stack’s choice.',
    matches: ({ facts, kernel, tapwire }) => facts.bornAtEdge && withoutOurs(kernel) === withoutOurs(tapwire),
  },
  {
    name: 'FIN beyond a hole',
    why: 'A FIN that comes early, for an application that has closed: Linux counts it as text and resets. tapwire waits for what is missing.',
    matches: ({ difference: { script }, step, facts, kernel, tapwire }) =>
      script.behaviour.startsWith('close') &&
      has(step, FIN) &&
      facts.seq > 0 &&
      kernel.startsWith('RST') &&
      isAck(tapwire),
  },
  {
    name: 'RST one before',
    why: 'In CLOSE-WAIT, CLOSING and LAST-ACK Linux takes a RST at RCV.NXT-1, as some systems send it after their FIN. RFC 5961 section 3.2 does not.',
    matches: ({ difference: { script }, until }) =>
      until.some(({ seq, finTaken }, i) => finTaken && has(script.steps[i], RST) && seq === -1),
  },
  {
    name: 'closed with a hole',
    why: 'The application closes while data waits behind a hole: Linux sends FIN, once there is window for it. To tapwire it is unread data, and the peer learns that it is lost (RFC 9293 section 3.6.1): RST.',
    matches: ({ difference: { script }, facts, kernel, tapwire }) =>
      script.behaviour.startsWith('close') &&
      tapwire.includes('RST') &&
      (kernel.includes('FIN') || (facts.opening && facts.seq > 0 && isAck(kernel))),
  },
  {
    name: 'contradicting ends',
    why: 'A FIN before data that has arrived, or two FINs in different places: Linux takes the one that comes in order. tapwire believes none that contradicts what it has, and answers it.',
    matches: ({ difference: { script, step }, kernel, tapwire }) =>
      isAck(kernel.replace(/^FIN,/, '')) &&
      isAck(tapwire) &&
      script.steps.slice(script.prelude, step + 1).some((one) => has(one, FIN)) &&
      kernel.split(' ')[2] !== tapwire.split(' ')[2],
  },
  {
    name: 'text beyond the edge',
    why: 'Text that begins inside the window and goes beyond it: Linux keeps it whole. tapwire cuts it at the edge (RFC 9293 section 3.10.7.4).',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.room > 0 && facts.room < step.length && withoutSack(kernel) === withoutSack(tapwire),
  },
  {
    name: 'text after close',
    why: 'Text for an application that has closed, with an ACK of what was never sent: Linux, which keeps no more than a record of the connection, answers with RST. tapwire looks at the ACK first and challenges it (RFC 5961 section 5.2).',
    matches: ({ difference: { script }, step, kernel, tapwire }) =>
      script.behaviour.startsWith('close') && step.length > 0 && kernel.startsWith('RST') && isAck(tapwire),
  },
  {
    name: 'old pure ACK',
    why: 'A segment without text whose timestamp is old: Linux drops it in silence. RFC 7323 section 5.3 has R1 send an ACK.',
    matches: ({ step, facts, kernel, tapwire }) =>
      step.length === 0 && isOld(facts) && kernel === '' && isAck(tapwire),
  },
  {
    name: 'old RST',
    why: 'In SYN-RECEIVED, and where it keeps no more than a record of the connection, Linux judges a RST by its timestamp. RFC 7323 section 5.2 exempts RSTs from PAWS: here the connection is over, there it goes on.',
    matches: ({ difference: { script }, until }) =>
      until.some((facts, i) => has(script.steps[i], RST) && isOld(facts)),
  },
  {
    name: 'no ACK bit in the handshake',
    why: 'In SYN-RECEIVED Linux answers a segment without ACK bit with an ACK. RFC 9293 section 3.10.7.4 drops it at the fifth check.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.opening && !has(step, ACK) && isAck(kernel) && tapwire === '',
  },
  {
    name: 'touches the window',
    why: 'To Linux a segment that ends where the window begins is acceptable: its timestamp is remembered, its ACK is looked at. By RFC 9293 section 3.10.7.4 none of it is inside: tapwire reports it as a duplicate.',
    matches: (found) =>
      (touches(found.facts, found.step) && withoutSack(found.kernel) === withoutSack(found.tapwire)) ||
      (withoutSack(withoutTimes(found.kernel)) === withoutSack(withoutTimes(found.tapwire)) &&
        remembered(found, 'kernel', touches)),
  },
  {
    name: 'application in between',
    why: 'The application closes a connection that has unread data: a RST. The kernel has acknowledged the data before the application had its turn; in virtual time it has its turn first.',
    matches: ({ difference: { kernel, tapwire, script } }) =>
      script.behaviour === 'close' &&
      kernel.length > tapwire.length &&
      kernel.at(-1)?.startsWith('RST') === true &&
      kernel.at(-1) === tapwire.at(-1),
  },
  {
    name: 'time in TIME-WAIT',
    why: 'In TIME-WAIT Linux remembers the timestamp of whatever is empty and begins at RCV.NXT: an ACK, a segment without one, and (with tcp_rfc1337) a RST. tapwire keeps the one with which TIME-WAIT began.',
    matches: (found) =>
      found.facts.finTaken &&
      found.facts.finHeard &&
      withoutTimes(found.kernel) === withoutTimes(found.tapwire) &&
      remembered(
        found,
        'kernel',
        ({ seq, finTaken }, step) => finTaken && seq === 0 && (step.length === 0 || has(step, RST)),
      ),
  },
  {
    name: 'D-SACK with the FIN',
    why: 'Text that was received before and has the FIN behind it, or lies where the FIN was: tapwire reports it as a duplicate (RFC 2883). Linux forgets its SACK blocks when it takes a FIN.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.seq < 0 &&
      (facts.finTaken || has(step, FIN)) &&
      !kernel.includes('sack') &&
      tapwire.includes('sack') &&
      withoutSack(kernel) === withoutSack(tapwire),
  },
  {
    name: 'echo in the handshake',
    why: 'In SYN-RECEIVED Linux wants the echo of a timestamp that a SYN-ACK has borne; one that went with an ACK draws an ACK. To tapwire it is as good.',
    matches: ({ facts, kernel, tapwire }) =>
      facts.opening &&
      facts.time !== null &&
      !facts.echoesSyn &&
      isAck(kernel) &&
      !kernel.includes('len=') &&
      tapwire.split(' <')[0] !== kernel.split(' <')[0],
  },
  {
    name: 'header prediction',
    why: 'The next text of a stream, with an ACK so old that it counts for nothing: on its fast path Linux takes the text before it looks at the age of the ACK. RFC 5961 section 5.2 has the segment dropped.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.seq === 0 &&
      facts.news < -65_535 &&
      isAck(kernel) &&
      isAck(tapwire) &&
      step.length > 0 &&
      acknowledged(kernel) - acknowledged(tapwire) === step.length,
  },
  {
    name: 'RST with text over the edge',
    why: 'A RST inside the window with text that goes beyond it, while data waits to be read: Linux drops it for its text. To tapwire the text of a RST does not count (RFC 9293 section 3.10.7.4 looks at SEG.SEQ, and RFC 5961 section 3.2 challenges).',
    matches: ({ step, facts, kernel, tapwire }) =>
      has(step, RST) && facts.room > 0 && facts.room < step.length && kernel === '' && isAck(tapwire),
  },
  {
    name: 'the record of a closed connection',
    why: 'In FIN-WAIT-2, with an application that has closed, Linux keeps no more than a record: what has no new text is dropped in silence, whatever it acknowledges. tapwire looks at its numbers as ever, and challenges an ACK of what was never sent (RFC 5961 section 5.2).',
    matches: ({ difference: { script }, step, facts, until, kernel, tapwire }) =>
      script.behaviour.startsWith('close') &&
      facts.finHeard &&
      !facts.finTaken &&
      until.some(({ ack, finHeard }) => finHeard && ack === 0) &&
      (step.length === 0 || facts.seq + step.length <= 0) &&
      kernel === '' &&
      isAck(tapwire),
  },
  {
    name: 'ACK beside the window',
    why: 'A segment that ends where the window begins, and acknowledges something new: Linux takes it as acceptable, and the ACK counts. By RFC 9293 section 3.10.7.4 it is outside, and draws an ACK.',
    matches: ({ step, facts, kernel, tapwire }) =>
      touches(facts, step) && facts.news > 0 && kernel === '' && isAck(tapwire),
  },
  {
    name: 'SYN after a RST in TIME-WAIT',
    why: 'In TIME-WAIT Linux remembers the timestamp of a RST that it ignores, and takes a SYN that is not later for an old one (RFC 6191). To tapwire a RST has no say in that.',
    matches: ({ difference: { script }, step, facts, until, kernel, tapwire }) =>
      facts.finTaken &&
      facts.finHeard &&
      has(step, SYN) &&
      isAck(kernel) &&
      tapwire.startsWith('SYN,ACK') &&
      until.some((one, i) => has(script.steps[i], RST) && one.seq === 0 && !isOlder(one, facts)),
  },
  {
    name: 'RST beside a record',
    why: 'In FIN-WAIT-2, with an application that has closed, Linux keeps no more than a record, and answers a RST out of the window with an ACK. RFC 9293 section 3.10.7.4 drops it in silence.',
    matches: ({ difference: { script }, step, facts, kernel, tapwire }) =>
      script.behaviour.startsWith('close') &&
      facts.finHeard &&
      has(step, RST) &&
      (facts.room < 0 || facts.seq < 0) &&
      isAck(kernel) &&
      tapwire === '',
  },
  {
    name: 'window from the edge',
    why: 'An earlier segment began at the right edge: Linux takes its window, and no window from before it any more (SND.WL1), so that its FIN leaves or stays when that of tapwire does not.',
    matches: ({ difference: { script }, until, kernel, tapwire }) =>
      kernel !== tapwire &&
      kernel.replace('FIN,ACK', 'ACK') === tapwire.replace('FIN,ACK', 'ACK') &&
      until
        .slice(0, -1)
        .some(({ room }, i) => room === 0 && has(script.steps[i], ACK) && !has(script.steps[i], RST)),
  },
]

/** @returns the first allowance that explains it, or null */
export function allowanceFor(difference: Difference, facts: readonly Facts[]): Allowance | null {
  const { script, step } = difference
  if (step < 0) return null
  const kernel = difference.kernel.join(' | ')
  const tapwire = difference.tapwire.join(' | ')
  const until = facts.slice(0, step + 1)
  const found = { difference, step: script.steps[step], facts: facts[step], until, kernel, tapwire }
  return ALLOW_LIST.find((allowance) => allowance.matches(found)) ?? null
}
