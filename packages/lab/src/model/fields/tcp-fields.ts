import { Flag, flagLetters } from '../run/headers.ts'
import { type Field, FieldReader } from './field.ts'

const FLAGS = [
  ['CWR', Flag.Cwr, 'the sender has reduced its window'],
  ['ECE', Flag.Ece, 'a mark of congestion has come; on a SYN: ECN is offered'],
  ['URG', Flag.Urg, 'the urgent pointer counts'],
  ['ACK', Flag.Ack, 'the acknowledgement number counts'],
  ['PSH', Flag.Psh, 'nothing more is queued behind it'],
  ['RST', Flag.Rst, 'the connection ends at once'],
  ['SYN', Flag.Syn, 'the sequence number is the first one'],
  ['FIN', Flag.Fin, 'the sender will send no more'],
] as const

/** What is known of the connection from elsewhere: for numbers that people can read. */
export interface TcpContext {
  /** Relative numbers of the segment; null where they are not known. */
  readonly seq: number | null
  readonly ack: number | null
  /** The scaled window. */
  readonly window: number | null
  readonly sack: readonly (readonly [left: number, right: number])[]
}

/** RFC 9293 section 3.1. @returns where the payload begins, or -1 */
export function tcpFields(reader: FieldReader, context: TcpContext | null): number {
  const start = reader.at
  if (reader.left < 20) return -1
  const relative = (value: number | null | undefined): string | undefined =>
    value === null || value === undefined ? undefined : `relative: ${value}`
  reader.takeNumber('Source port', 2)
  reader.takeNumber('Destination port', 2)
  reader.takeNumber('Sequence number', 4, () => relative(context?.seq))
  reader.takeNumber('Acknowledgement number', 4, () => relative(context?.ack))
  const words = reader.part('Data offset', 1, 0, 4, (n) => `${n * 4} bytes of header`)
  reader.at++
  flags(reader)
  reader.takeNumber('Window', 2, (value) => {
    const scaled = context?.window ?? null
    return scaled === null || scaled === value ? undefined : `scaled: ${scaled} bytes`
  })
  reader.takeHex('Checksum', 2)
  reader.takeNumber('Urgent pointer', 2)
  if (words < 5) return -1
  const end = Math.min(start + words * 4, reader.end)
  if (end > reader.at) options(reader, end, context)
  return start + words * 4
}

function flags(reader: FieldReader): void {
  const bits = reader.number(1)
  const children = FLAGS.map(([name, bit, note], i): Field => {
    const set = (bits & bit) !== 0
    const place = { offset: reader.at, length: 1, bits: { from: i, count: 1 } }
    return { name, value: set ? '1' : '0', ...place, ...(set ? { note } : {}) }
  })
  reader.take('Flags', 1, flagLetters(bits) === '' ? 'none' : names(bits), undefined, children)
}

function names(bits: number): string {
  return FLAGS.filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(' ')
}

function options(reader: FieldReader, end: number, context: TcpContext | null): void {
  const inside = new FieldReader(reader.frame, reader.at, end)
  while (inside.left > 0) {
    const kind = inside.number(1)
    const length = kind > 1 && inside.left > 1 ? inside.number(1, 1) : 1
    if (kind === 0) inside.rest('End of options', 'padding')
    else if (kind === 1) inside.take('No operation', 1, 'padding')
    else if (length < 2 || length > inside.left) inside.rest('What is no option')
    else option(inside, kind, length, context)
  }
  reader.take('Options', end - reader.at, `${end - reader.at} bytes`, undefined, inside.fields)
}

function option(reader: FieldReader, kind: number, length: number, context: TcpContext | null): void {
  switch (`${kind}/${length}`) {
    case '2/4':
      reader.take(
        'Maximum segment size',
        4,
        String(reader.number(2, 2)),
        'the largest payload that its sender takes',
      )
      return
    case '3/3': {
      const shift = reader.number(1, 2)
      reader.take('Window scale', 3, String(shift), `its windows count times ${2 ** Math.min(shift, 14)}`)
      return
    }
    case '4/2':
      reader.take('SACK permitted', 2, 'yes', 'its sender understands selective acknowledgements')
      return
    case '8/10':
      reader.take('Timestamps', 10, `value ${reader.number(4, 2)}, echo ${reader.number(4, 6)}`)
      return
    default:
  }
  if (kind === 5 && length > 2 && (length - 2) % 8 === 0) {
    const blocks = Array.from({ length: (length - 2) / 8 }, (_, i) => {
      const known = context?.sack[i]
      const [left, right] = known ?? [reader.number(4, 2 + 8 * i), reader.number(4, 6 + 8 * i)]
      return `${left} to ${right}`
    })
    reader.take('SACK', length, blocks.join(', '), 'what has come beyond a hole')
    return
  }
  reader.take(`Option ${kind}`, length, `${length - 2} bytes`)
}
