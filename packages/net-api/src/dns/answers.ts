import type { Answer } from 'dns-packet'
import type { DnsFailure } from './errors.ts'
import type { Outcome } from './exchange.ts'
import { failureOf, type Question } from './message.ts'
import { plainName } from './settings.ts'

/** What is known about a question, and for how long. */
export interface Known {
  readonly failure: DnsFailure | null
  /** The records that answer it, those of its aliases left out. */
  readonly records: readonly Answer[]
  /** Seconds. */
  readonly ttl: number
}

/** The longest chain of aliases that is followed (DNS-07); nobody means more. */
const LONGEST_CHAIN = 16

/** Seconds. A day is enough for anything (DNS-08). */
const LONGEST_TTL = 86_400

export function knownFrom(question: Question, outcome: Outcome): Known {
  if (typeof outcome === 'string') return { failure: outcome, records: [], ttl: 0 }
  const failure = failureOf(outcome)
  if (failure !== null && failure !== 'ENOTFOUND') return { failure, records: [], ttl: 0 }
  const { records, ttl } = followAliases(question, outcome.answers)
  if (failure === null && records.length > 0) return { failure, records, ttl }
  return { failure: failure ?? 'ENODATA', records: [], ttl: negativeTtl(outcome.authorities) }
}

/** DNS-07: from the name that was asked along its aliases to the records; what does not belong to the chain is ignored. */
function followAliases(question: Question, answers: readonly Answer[]): { records: Answer[]; ttl: number } {
  let name = plainName(question.name)
  let ttl = LONGEST_TTL
  for (let i = 0; i < LONGEST_CHAIN; i++) {
    const here = answers.filter((answer) => plainName(answer.name) === name && answer.type !== 'OPT')
    const records = question.type === 'ANY' ? here : here.filter(({ type }) => type === question.type)
    if (records.length > 0) return { records, ttl: Math.min(ttl, ...records.map(ttlOf)) }
    const alias = here.find(({ type }) => type === 'CNAME')
    if (alias === undefined) break
    ttl = Math.min(ttl, ttlOf(alias))
    name = plainName((alias as { data: string }).data)
  }
  return { records: [], ttl: 0 }
}

/** DNS-08: RFC 2181 section 8 takes a TTL with the top bit set for 0. */
export function ttlOf(record: Answer): number {
  return heed((record as { ttl?: number }).ttl)
}

function heed(ttl = 0): number {
  return ttl >= 2 ** 31 ? 0 : Math.min(ttl, LONGEST_TTL)
}

/** RFC 2308 section 5: the lesser of the SOA record's TTL and its minimum field; without one nothing is remembered. */
function negativeTtl(authorities: readonly Answer[]): number {
  const soa = authorities.find(({ type }) => type === 'SOA')
  if (soa === undefined) return 0
  const { minimum } = (soa as { data: { minimum?: number } }).data
  return Math.min(ttlOf(soa), heed(minimum))
}
