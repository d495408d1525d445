import { isIP } from 'node:net'
import type { Answer, RecordType } from 'dns-packet'
import * as packet from 'dns-packet'
import type { DnsFailure } from './errors.ts'
import { plainName } from './settings.ts'

/** What is asked: one name, one type, class IN. */
export interface Question {
  readonly name: string
  readonly type: RecordType | 'ANY'
}

/**
 * The UDP payload that answers may have (DNS-09, RFC 6891 section 6.2.5): what fits into a packet of IPv6's least MTU, so
 * that no answer is fragmented (the DNS flag day of 2020).
 */
const UDP_PAYLOAD = 1232

/** DNS-01: a query with a random id that wants recursion. @param edns with the option record of RFC 6891 */
export function encodeQuery(id: number, question: Question, edns: boolean): Uint8Array {
  return packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: plainName(question.name), type: question.type as RecordType }],
    additionals: edns
      ? [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: UDP_PAYLOAD,
            flags: 0,
            options: [],
            extendedRcode: 0,
            ednsVersion: 0,
            flag_do: false,
          },
        ]
      : [],
  })
}

/** A response that was checked against its query. */
export interface Response {
  readonly truncated: boolean
  /** 'NOERROR', 'NXDOMAIN', 'SERVFAIL', … */
  readonly rcode: string
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
}

/**
 * DNS-02 (RFC 5452 section 9.1): the answer to this query and no other; its addresses and ports are the socket's to check.
 * @returns null for what is none, such as a forgery or noise: waiting goes on
 */
export function decodeResponse(bytes: Uint8Array, id: number, question: Question): Response | null {
  const decoded = decodeWhole(bytes) ?? decodeCut(bytes)
  if (decoded === null) return null
  if (decoded.type !== 'response' || decoded.id !== id || (decoded as { opcode?: string }).opcode !== 'QUERY')
    return null
  const [asked] = decoded.questions ?? []
  if (decoded.questions?.length !== 1 || asked.type !== question.type || (asked.class ?? 'IN') !== 'IN')
    return null
  if (plainName(asked.name) !== plainName(question.name)) return null
  return {
    truncated: Boolean(decoded.flag_tc),
    rcode: (decoded as { rcode?: string }).rcode ?? 'NOERROR',
    answers: (decoded.answers ?? []).filter(isInternet),
    authorities: (decoded.authorities ?? []).filter(isInternet),
  }
}

/** @returns null for what is broken (DNS-04): pointers that lead nowhere, records that end in the middle, addresses that are none */
function decodeWhole(bytes: Uint8Array): packet.DecodedPacket | null {
  try {
    const decoded = packet.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    return decoded.answers?.every(hasSoundData) === false ? null : decoded
  } catch {
    return null
  }
}

/** Some servers cut in the middle of a record. That they did is all that counts then (RFC 2181 section 9). */
function decodeCut(bytes: Uint8Array): packet.DecodedPacket | null {
  if (bytes.length < HEADER_LENGTH || (bytes[2] & TRUNCATED) === 0) return null
  const head = bytes.slice()
  head.fill(0, ANSWER_COUNT, HEADER_LENGTH)
  return decodeWhole(head)
}

/** RFC 1035 section 4.1.1: where the counts of answers, authorities and additionals begin; TC, in the third octet. */
const ANSWER_COUNT = 6
const HEADER_LENGTH = 12
const TRUNCATED = 0x02

/** The decoder takes the octets of an address without asking whether they are there. */
function hasSoundData(record: Answer): boolean {
  if (record.type !== 'A' && record.type !== 'AAAA') return true
  return isIP(record.data) === (record.type === 'A' ? 4 : 6)
}

/** Records of another class answer nothing that was asked here. Where an option record has its class, it has a size. */
function isInternet(record: Answer): boolean {
  return record.type === 'OPT' || ((record as { class?: string }).class ?? 'IN') === 'IN'
}

const FAILURES: Readonly<Record<string, DnsFailure>> = {
  FORMERR: 'EFORMERR',
  SERVFAIL: 'ESERVFAIL',
  NXDOMAIN: 'ENOTFOUND',
  NOTIMP: 'ENOTIMP',
  REFUSED: 'EREFUSED',
}

/** Null for an answer that says no failure. */
export function failureOf({ rcode }: Response): DnsFailure | null {
  return rcode === 'NOERROR' ? null : (FAILURES[rcode] ?? 'EBADRESP')
}
