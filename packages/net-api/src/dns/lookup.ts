import { ADDRCONFIG, ALL, type LookupAddress, V4MAPPED } from 'node:dns'
import { isIP } from 'node:net'
import { formatAddress, type IpAddress, parseAddress } from '@tapwire/stack'
import type { NetStack } from '../context.ts'
import { invalidArgType, invalidArgValue } from '../errors.ts'
import { validateBoolean, validateFunction, validateNumber } from '../validate.ts'
import { type DnsFailure, lookupError, lookupFailure } from './errors.ts'
import type { Resolver } from './resolver.ts'
import { type DnsSettings, queryName } from './settings.ts'

export type LookupOrder = 'verbatim' | 'ipv4first' | 'ipv6first'
const LOOKUP_ORDERS: readonly LookupOrder[] = ['verbatim', 'ipv4first', 'ipv6first']

/** What is asked of a lookup, checked. */
interface Wanted {
  readonly family: 0 | 4 | 6
  readonly hints: number
  readonly all: boolean
  readonly order: LookupOrder
}

type LookupCallback = (
  error: Error | null,
  address?: string | LookupAddress[] | null,
  family?: number,
) => void

/** What lookups of one `createDns` share. */
export interface LookupContext {
  readonly stack: NetStack
  readonly settings: DnsSettings
  readonly resolver: Resolver
  order: LookupOrder
}

/** `dns.lookup` with a stack's resolver in the place of the operating system's. */
export function lookup(context: LookupContext, hostname: unknown, given: unknown, callback: unknown): object {
  if (hostname && typeof hostname !== 'string') throw invalidArgType('hostname', 'string', hostname)
  const wanted = wantedOf(context, given)
  const answer = (typeof given === 'function' ? given : callback) as LookupCallback
  validateFunction(answer, 'callback')
  const name = (hostname ?? '') as string
  if (name === '') {
    process.nextTick(answer, null, ...(wanted.all ? [[]] : [null, wanted.family === 6 ? 6 : 4]))
    return {}
  }
  addressesOf(context, name, wanted).then(
    (found) => {
      if (wanted.all) process.nextTick(answer, null, found)
      else process.nextTick(answer, null, found[0].address, found[0].family)
    },
    (error) => process.nextTick(answer, error),
  )
  return {}
}

function wantedOf(context: LookupContext, given: unknown): Wanted {
  const none: Wanted = { family: 0, hints: 0, all: false, order: context.order }
  if (given === undefined || given === null || typeof given === 'function') return none
  if (typeof given === 'number') return { ...none, family: familyOf(given, 'family') }
  if (typeof given !== 'object') throw invalidArgType('options', ['integer', 'object'], given)
  const { family, hints, all, verbatim, order } = given as Record<string, unknown>
  if (hints != null) validateHints(hints)
  if (all != null) validateBoolean(all, 'options.all')
  if (verbatim != null) validateBoolean(verbatim, 'options.verbatim')
  if (order != null) validateOrder(order, 'options.order')
  return {
    family: family == null ? 0 : familyOf(family, 'options.family'),
    hints: Number(hints ?? 0) >>> 0,
    all: Boolean(all),
    order: (order as LookupOrder) ?? (verbatim == null ? context.order : verbatim ? 'verbatim' : 'ipv4first'),
  }
}

function familyOf(value: unknown, name: string): 0 | 4 | 6 {
  if (name === 'options.family' && (value === 'IPv4' || value === 'IPv6')) return value === 'IPv4' ? 4 : 6
  if (value === 0 || value === 4 || value === 6) return value
  throw invalidArgValue(name, value, 'must be one of: 0, 4, 6')
}

function validateHints(value: unknown): void {
  validateNumber(value, 'options.hints')
  if (((value >>> 0) & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0) throw invalidArgValue('hints', value >>> 0)
}

export function validateOrder(value: unknown, name: string): asserts value is LookupOrder {
  if (LOOKUP_ORDERS.includes(value as LookupOrder)) return
  const list = LOOKUP_ORDERS.map((order) => `'${order}'`).join(', ')
  throw invalidArgValue(name, value, `must be one of: ${list}`)
}

/** @returns at least one. @throws ENOTFOUND, EAI_AGAIN */
async function addressesOf(context: LookupContext, name: string, wanted: Wanted): Promise<LookupAddress[]> {
  const literal = isIP(name) as 0 | 4 | 6
  if (literal !== 0) return [{ address: name, family: literal }]
  let failure: DnsFailure = 'ENOTFOUND'
  for (const candidate of candidates(context.settings, name)) {
    const found =
      withoutAsking(context.settings, candidate, wanted.family) ?? (await ask(context, candidate, wanted))
    if (typeof found === 'string') {
      // That one spelling is unknown says nothing of the next; that nobody answers does.
      if (lookupFailure(found) === 'EAI_AGAIN') failure = found
      continue
    }
    return ordered(context, found, wanted)
  }
  throw lookupError(lookupFailure(failure), name)
}

/** The search list (RFC 1123 section 6.1.4.3): a name with enough dots is tried as it is first, another last. */
function candidates({ searchDomains, ndots, hosts }: DnsSettings, name: string): string[] {
  const plain = queryName(name)
  if (name.endsWith('.') || hosts.has(plain) || isLocalhost(plain)) return [plain]
  const completed = searchDomains.map((domain) => `${plain}.${domain}`)
  const dots = plain.split('.').length - 1
  return dots >= ndots ? [plain, ...completed] : [...completed, plain]
}

function isLocalhost(plain: string): boolean {
  return plain === 'localhost' || plain.endsWith('.localhost')
}

const LOOPBACK = ['127.0.0.1', '::1']

/** Entries of hosts, and `localhost`, which is this stack and no query (DNS-11, RFC 6761 section 6.3). */
function withoutAsking(settings: DnsSettings, plain: string, family: 0 | 4 | 6): IpAddress[] | null {
  const texts = settings.hosts.get(plain) ?? (isLocalhost(plain) ? LOOPBACK : undefined)
  const addresses = texts?.filter((text) => family === 0 || isIP(text) === family)
  return addresses === undefined || addresses.length === 0
    ? null
    : addresses.map((text) => parseAddress(text) as IpAddress)
}

/** DNS-10: both families at once; what one of them says is enough. */
async function ask(context: LookupContext, name: string, wanted: Wanted): Promise<IpAddress[] | DnsFailure> {
  const { resolver } = context
  const types = typesFor(context.stack, wanted)
  if (types.length === 0 || context.resolver.getServers().length === 0) return 'ENOTFOUND'
  const answers = await Promise.all(types.map((type) => resolver.known(type, name)))
  const found = answers.flatMap(({ records }) =>
    records.map((record) => parseAddress((record as { data: string }).data) as IpAddress),
  )
  if (found.length > 0) return found
  // That there is no such address here may not be the whole truth when the other half was not heard.
  const failures = answers.map(({ failure }) => failure ?? 'ENODATA')
  return failures.find((failure) => lookupFailure(failure) === 'EAI_AGAIN') ?? failures[0]
}

/** With ADDRCONFIG only the families that the stack has an address of, those of `lo` not counted (RFC 3493 section 6.1). */
function typesFor(stack: NetStack, { family, hints }: Wanted): ('A' | 'AAAA')[] {
  const has = (v4: boolean): boolean =>
    (hints & ADDRCONFIG) === 0 ||
    stack.interfaces.some((iface) =>
      iface.addresses.some(({ address }) => address.isV4 === v4 && !address.isLoopback),
    )
  const types: ('A' | 'AAAA')[] = []
  if (family !== 6 && has(true)) types.push('A')
  if (family !== 4 && has(false)) types.push('AAAA')
  if (family === 6 && (hints & V4MAPPED) !== 0 && has(true)) types.push('A')
  return types
}

/** RFC 6724 section 6, then what the caller prefers. With V4MAPPED IPv4 stands in where IPv6 was asked for and there is none. */
function ordered(
  { stack }: LookupContext,
  found: readonly IpAddress[],
  { family, hints, order }: Wanted,
): LookupAddress[] {
  const v6 = found.some((address) => !address.isV4)
  const keepMapped = (hints & ALL) !== 0 || !v6
  const sorted = stack
    .sortDestinations(found)
    .filter((address) => family !== 6 || !address.isV4 || keepMapped)
  const entries = sorted.map((address): LookupAddress => {
    const text = formatAddress(address)
    if (family === 6 && address.isV4) return { address: `::ffff:${text}`, family: 6 }
    return { address: text, family: address.family }
  })
  if (order === 'verbatim') return entries
  const first = order === 'ipv4first' ? 4 : 6
  return [
    ...entries.filter((entry) => entry.family === first),
    ...entries.filter((entry) => entry.family !== first),
  ]
}
