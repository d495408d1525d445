import type { DnsFailure } from './errors.ts'
import type { DnsContext, Exchange, Outcome } from './exchange.ts'
import { failureOf, type Question } from './message.ts'
import { overTcp } from './over-tcp.ts'
import { overUdp } from './over-udp.ts'
import type { NameServer } from './settings.ts'

/** How a question is put to several servers. */
export interface QueryPlan {
  readonly servers: readonly NameServer[]
  readonly timeout: number
  readonly tries: number
  readonly localAddress: Exchange['localAddress']
}

/** What one server said that another may know better (DNS-06). */
const TRY_NEXT: readonly DnsFailure[] = [
  'ESERVFAIL',
  'EREFUSED',
  'ENOTIMP',
  'EFORMERR',
  'EBADRESP',
  'ECONNREFUSED',
  'ETIMEOUT',
]

/**
 * DNS-06: asks one server after the other, in rounds that wait twice as long each, until one knows. That there is no such
 * name is final; other failures are what is left when nobody knew.
 */
export async function query(
  context: DnsContext,
  plan: QueryPlan,
  question: Question,
  signal: AbortSignal,
): Promise<Outcome> {
  let last: Outcome = 'ECONNREFUSED'
  for (let round = 0; round < plan.tries; round++) {
    for (const server of plan.servers) {
      const { localAddress } = plan
      const outcome = await ask(context, {
        server,
        question,
        edns: true,
        timeout: plan.timeout * 2 ** round,
        localAddress,
        signal,
      })
      if (signal.aborted) return 'ECANCELLED'
      const failure = typeof outcome === 'string' ? outcome : failureOf(outcome)
      if (failure === null || !TRY_NEXT.includes(failure)) return outcome
      last = outcome
    }
  }
  return last
}

/** One server, by the ways it understands: without the option record if that puzzles it (DNS-09), over TCP if UDP is too small (DNS-05). */
async function ask(context: DnsContext, exchange: Exchange): Promise<Outcome> {
  let outcome = await overUdp(context, exchange)
  let { edns } = exchange
  const { signal } = exchange
  if (signal.aborted) return 'ECANCELLED'
  if (typeof outcome !== 'string' && (outcome.rcode === 'FORMERR' || outcome.rcode === 'NOTIMP')) {
    edns = false
    outcome = await overUdp(context, { ...exchange, edns })
  }
  if (typeof outcome === 'string' || !outcome.truncated || signal.aborted) return outcome
  return overTcp(context, { ...exchange, edns })
}
