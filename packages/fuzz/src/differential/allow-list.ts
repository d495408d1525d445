import type { Difference } from './compare.ts'
import type { Facts } from './follower.ts'
import type { Step } from './script.ts'

const FIN = 0x01
const SYN = 0x02
const RST = 0x04
const ACK = 0x10

/** A way in which the two differ and may. */
export interface Allowance {
  readonly name: string
  /** Who does what, and why that is right, or no matter. */
  readonly why: string
  matches(case_: Case): boolean
}

/** A difference, and what the segment was after which it showed. */
export interface Case {
  readonly difference: Difference
  readonly step: Step
  readonly facts: Facts
  /** What each said, in one line. */
  readonly kernel: string
  readonly tapwire: string
}

const has = (step: Step, bit: number): boolean => (step.flags & bit) !== 0
const isAck = (text: string): boolean => text.startsWith('ACK ') && !text.includes(' | ')
const withoutTimes = (text: string): string => text.replace(/TS -?\d+(, )?/g, '').replace(/ <>/g, '')
const withoutSack = (text: string): string => text.replace(/(, )?sack [-+\w ]+/g, '').replace(/ <>/g, '')

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
    why: 'To Linux the number right behind the window is still inside. RFC 9293 section 3.10.7.4 has RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND: there a RST is dropped in silence (RFC 5961 section 3.2), and data draws an ACK.',
    matches: ({ facts }) => facts.room === 0,
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
    matches: ({ step }) => step.timestamp === -1 || step.timestamp === 0,
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
    matches: ({ difference: { script, step }, kernel, tapwire }) =>
      kernel === '' && isAck(tapwire) && script.steps.slice(0, step + 1).some(({ window }) => window <= 1000),
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
    matches: ({ difference: { script }, facts, kernel, tapwire }) =>
      script.timestamps && facts.finTaken && facts.finHeard && isAck(kernel) && tapwire === '',
  },
  {
    name: 'begins before the handshake',
    why: 'The segment that completes the handshake begins before the window: Linux takes what is inside. tapwire answers with an ACK, and the peer sends it again from there.',
    matches: ({ facts, kernel, tapwire }) =>
      facts.opening && facts.seq < 0 && kernel.startsWith('ACK') && isAck(tapwire),
  },
  {
    name: 'our SYN not acknowledged',
    why: 'An ACK that stops before our SYN, on a connection that we opened: Linux counts the SYN as acknowledged data and lets it pass as old. No segment of that connection can bear it: tapwire challenges it (RFC 5961 section 5.2).',
    matches: ({ difference: { script }, step, kernel, tapwire }) =>
      script.opening === 'active' && step.ack[1] < 0 && isAck(tapwire) && (kernel === '' || isAck(kernel)),
  },
  {
    name: 'time of an old ACK',
    why: 'A segment whose ACK is older than SND.UNA: Linux does not remember its timestamp. RFC 7323 section 4.3 goes by the sequence number alone.',
    matches: ({ difference: { script, step }, kernel, tapwire }) =>
      script.steps.slice(0, step + 1).some(({ ack }) => ack[1] < 0) &&
      withoutTimes(kernel) === withoutTimes(tapwire),
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
    matches: ({ difference: { script, step } }) =>
      script.steps.slice(script.prelude, step + 1).some((one) => has(one, SYN) && one.seq[0] === 'edge'),
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
    matches: ({ difference: { script, step }, facts }) =>
      facts.finTaken &&
      script.steps.slice(script.prelude, step + 1).some((one) => has(one, RST) && one.seq[1] === -1),
  },
  {
    name: 'closed with a hole',
    why: 'The application closes while data waits behind a hole: Linux sends FIN. To tapwire it is unread data, and the peer learns that it is lost (RFC 9293 section 3.6.1): RST.',
    matches: ({ difference: { script }, kernel, tapwire }) =>
      script.behaviour.startsWith('close') && kernel.includes('FIN') && tapwire.includes('RST'),
  },
  {
    name: 'contradicting ends',
    why: 'A FIN before data that has arrived, or two FINs in different places: Linux takes the one that comes in order. tapwire believes none that contradicts what it has, and answers it.',
    matches: ({ difference: { script, step }, kernel, tapwire }) =>
      isAck(kernel) &&
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
    name: 'FIN in the SACK of text',
    why: 'As above, on segments with data: the block takes room from the data.',
    matches: ({ difference: { script, step }, kernel, tapwire }) =>
      kernel.includes('sack') &&
      !tapwire.includes('sack') &&
      script.steps.slice(0, step + 1).some((one) => has(one, FIN)),
  },
  {
    name: 'old pure ACK',
    why: 'A segment without text whose timestamp is old: Linux drops it in silence. RFC 7323 section 5.3 has R1 send an ACK.',
    matches: ({ step, kernel, tapwire }) =>
      step.length === 0 && (step.timestamp ?? 0) < 0 && kernel === '' && isAck(tapwire),
  },
  {
    name: 'old RST',
    why: 'In SYN-RECEIVED, and where it keeps no more than a record of the connection, Linux judges a RST by its timestamp. RFC 7323 section 5.2 exempts RSTs from PAWS: here the connection is over, there it goes on.',
    matches: ({ difference: { script, step } }) =>
      script.timestamps &&
      script.steps.slice(script.prelude, step + 1).some((one) => has(one, RST) && (one.timestamp ?? 0) < 0),
  },
  {
    name: 'no ACK bit in the handshake',
    why: 'In SYN-RECEIVED Linux answers a segment without ACK bit with an ACK. RFC 9293 section 3.10.7.4 drops it at the fifth check.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.opening && !has(step, ACK) && isAck(kernel) && tapwire === '',
  },
  {
    name: 'touches the window',
    why: 'To Linux a segment that ends where the window begins is acceptable: its timestamp is remembered. By RFC 9293 section 3.10.7.4 none of it is inside.',
    matches: ({ step, facts, kernel, tapwire }) =>
      facts.seq < 0 &&
      facts.seq + step.length + (has(step, FIN) ? 1 : 0) === 0 &&
      withoutSack(withoutTimes(kernel)) === withoutSack(withoutTimes(tapwire)),
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
    name: 'FIN in the SACK',
    why: 'Linux counts the FIN that came early as a byte of the SACK block. RFC 2018 speaks of data: tapwire reports the bytes.',
    matches: ({ kernel, tapwire, difference }) =>
      withoutSack(kernel) === withoutSack(tapwire) && difference.script.steps.some((step) => has(step, FIN)),
  },
  {
    name: 'time of a RST',
    why: 'In TIME-WAIT (with tcp_rfc1337) Linux remembers the timestamp of a RST that it ignores. RFC 7323 section 5.2: a RST has no say in PAWS.',
    matches: ({ kernel, tapwire, facts }) =>
      facts.finTaken && facts.finHeard && withoutTimes(kernel) === withoutTimes(tapwire),
  },
]

/** @returns the first allowance that explains it, or null */
export function allowanceFor(difference: Difference, facts: readonly Facts[]): Allowance | null {
  const { script, step } = difference
  if (step < 0) return null
  const kernel = difference.kernel.join(' | ')
  const tapwire = difference.tapwire.join(' | ')
  const found = { difference, step: script.steps[step], facts: facts[step], kernel, tapwire }
  return ALLOW_LIST.find((allowance) => allowance.matches(found)) ?? null
}
