import { isIP } from 'node:net'
import { type IpAddress, parseAddress } from '@tapwire/stack'
import { errnoException, invalidArgType, invalidArgValue, outOfRange } from '../errors.ts'
import { validateFunction, validateString } from '../validate.ts'
import { type Known, knownFrom } from './answers.ts'
import { DnsCache } from './cache.ts'
import { queryError } from './errors.ts'
import type { DnsContext } from './exchange.ts'
import type { Question } from './message.ts'
import { type QueryPlan, query } from './query.ts'
import { RECORD_SHAPES } from './records.ts'
import { reverseName } from './reverse-name.ts'
import { type DnsSettings, isQueryName, parseServers, queryName, serverText } from './settings.ts'

type Callback<T = unknown> = (error: Error | null, result?: T) => void

/** As of Node's `new dns.Resolver`. */
export interface ResolverOptions {
  /** Milliseconds; -1 is the default. */
  readonly timeout?: number
  readonly tries?: number
}

/** A question on its way. */
interface Asking {
  readonly known: Promise<Known>
  readonly controller: AbortController
}

/** An unguessable thing that callers of a cancelled query get. */
const CANCELLED = Symbol('cancelled')

/**
 * `dns.Resolver`: servers, patience and a memory of its own. The methods are those of Node's; they are on the prototype of
 * the class that `createDns` makes, and on the module itself.
 */
export class Resolver {
  readonly #context: DnsContext
  readonly #settings: DnsSettings
  readonly #cache: DnsCache
  /** Questions that are being asked: who asks the same meanwhile shares the answer (RFC 5452 section 5). */
  readonly #asking = new Map<string, Asking>()
  #plan: QueryPlan
  #cancel: (() => void)[] = []

  constructor(context: DnsContext, settings: DnsSettings, options: ResolverOptions = {}) {
    const { timeout = -1, tries = settings.tries } = options
    validateInteger(timeout, 'options.timeout', -1)
    validateInteger(tries, 'options.tries', 1)
    this.#context = context
    this.#settings = settings
    this.#cache = new DnsCache(context.stack.clock, settings.cacheSize)
    const localAddress = { v4: null, v6: null }
    this.#plan = {
      servers: settings.servers,
      timeout: timeout > 0 ? timeout : settings.timeout,
      tries,
      localAddress,
    }
  }

  getServers(): string[] {
    return this.#plan.servers.map(serverText)
  }

  setServers(servers: readonly string[]): void {
    this.#plan = { ...this.#plan, servers: parseServers(servers) }
    this.#cache.clear()
  }

  /** Where queries come from. */
  setLocalAddress(ipv4: string, ipv6?: string): void {
    validateString(ipv4, 'ipv4')
    if (ipv6 !== undefined) validateString(ipv6, 'ipv6')
    const parsed = [ipv4, ipv6 ?? '::'].map((text) => parseAddress(text))
    if (parsed.includes(null)) throw new Error('Invalid IP address.')
    const v4 = parsed.find((address) => address?.isV4) ?? null
    const v6 = parsed.find((address) => address?.isV4 === false) ?? null
    this.#plan = { ...this.#plan, localAddress: { v4: used(v4), v6: used(v6) } }
  }

  /** Every question that is being asked fails with ECANCELLED. No `lookup` waits for one: that has the module's resolver. */
  cancel(): void {
    for (const cancel of this.#cancel.splice(0)) cancel()
    for (const { controller } of this.#asking.values()) controller.abort()
    this.#asking.clear()
  }

  resolve(hostname: string, rrtype: unknown, callback?: unknown): object {
    const type = typeof rrtype === 'function' ? 'A' : rrtype
    if (typeof type !== 'string') throw invalidArgType('rrtype', 'string', rrtype)
    if (type !== 'ANY' && RECORD_SHAPES[type] === undefined) throw invalidArgValue('rrtype', rrtype)
    return this.query(type, hostname, {}, typeof rrtype === 'function' ? rrtype : callback)
  }

  /** @internal One of `resolve4`, `resolveMx` and so on, in Node's form. */
  query(type: string, hostname: unknown, options: { ttl?: boolean } | undefined, callback: unknown): object {
    validateString(hostname, 'name')
    validateFunction(callback, 'callback')
    const syscall = SYSCALLS[type]
    this.records(type, hostname, Boolean(options?.ttl), syscall).then(
      (records) => process.nextTick(callback as Callback, null, records),
      (error) => process.nextTick(callback as Callback, error),
    )
    return {}
  }

  /** @internal The records of one type, in Node's form. */
  async records(type: string, hostname: string, ttl: boolean, syscall = SYSCALLS[type]): Promise<unknown> {
    const known = await this.#cancellable(this.known(type, hostname))
    const failure = known === CANCELLED ? 'ECANCELLED' : known.failure
    if (known === CANCELLED || failure !== null) throw queryError(failure as string, syscall, hostname)
    if (type === 'ANY')
      return known.records.flatMap((record) => {
        const shape = RECORD_SHAPES[record.type]
        return shape === undefined ? [] : [{ ...shape.any(record), type: record.type }]
      })
    const list = known.records.map((record) => RECORD_SHAPES[type].plain(record, ttl))
    return type === 'SOA' ? list[0] : list
  }

  reverse(address: string, callback: unknown): object {
    validateString(address, 'name')
    validateFunction(callback, 'callback')
    this.names(address).then(
      (names) => process.nextTick(callback as Callback, null, names),
      (error) => process.nextTick(callback as Callback, error),
    )
    return {}
  }

  /** @internal The names of an address. @throws EINVAL at once when it is none */
  names(address: string): Promise<string[]> {
    const syscall = 'getHostByAddr'
    if (isIP(address) === 0)
      throw Object.assign(errnoException('EINVAL', syscall), {
        message: `${syscall} EINVAL ${address}`,
        hostname: address,
      })
    const entries = [...this.#settings.hosts].filter(([, addresses]) => addresses.includes(address))
    if (entries.length > 0) return Promise.resolve(entries.map(([name]) => name))
    return this.records('PTR', reverseName(parseAddress(address) as IpAddress), false, syscall).catch(
      (error) => {
        throw queryError(error.code, syscall, address)
      },
    ) as Promise<string[]>
  }

  /** @internal What servers, or the memory of what they said, know of a name; it never rejects. */
  known(type: string, name: string): Promise<Known> {
    if (!isQueryName(name)) return Promise.resolve({ failure: 'EBADNAME', records: [], ttl: 0 })
    const asked = queryName(name)
    const key = `${type} ${asked}`
    const remembered = this.#cache.get(key)
    if (remembered !== undefined) return Promise.resolve(remembered)
    const asking = this.#asking.get(key) ?? this.#ask({ name: asked, type: type as Question['type'] }, key)
    return asking.known
  }

  #ask(question: Question, key: string): Asking {
    const plan = this.#plan
    const controller = new AbortController()
    const found = async (): Promise<Known> => {
      try {
        const known = knownFrom(question, await query(this.#context, plan, question, controller.signal))
        // What other servers said says nothing of those that were set meanwhile.
        if (plan === this.#plan) this.#cache.set(key, known)
        return known
      } finally {
        if (this.#asking.get(key)?.controller === controller) this.#asking.delete(key)
      }
    }
    const asking = { known: found(), controller }
    this.#asking.set(key, asking)
    return asking
  }

  #cancellable<T>(work: Promise<T>): Promise<T | typeof CANCELLED> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => resolve(CANCELLED)
      this.#cancel.push(cancel)
      const over = (): void => {
        const at = this.#cancel.indexOf(cancel)
        if (at >= 0) this.#cancel.splice(at, 1)
      }
      work.then(resolve, reject).finally(over)
    })
  }
}

/** What stands before the code in the message of an error, by record type. */
const SYSCALLS: Readonly<Record<string, string>> = {
  A: 'queryA',
  AAAA: 'queryAaaa',
  ANY: 'queryAny',
  CAA: 'queryCaa',
  CNAME: 'queryCname',
  MX: 'queryMx',
  NAPTR: 'queryNaptr',
  NS: 'queryNs',
  PTR: 'queryPtr',
  SOA: 'querySoa',
  SRV: 'querySrv',
  TXT: 'queryTxt',
}

/** The methods of one record type each, as Node names them. */
export const RESOLVE_METHODS: Readonly<Record<string, string>> = {
  resolveAny: 'ANY',
  resolve4: 'A',
  resolve6: 'AAAA',
  resolveCaa: 'CAA',
  resolveCname: 'CNAME',
  resolveMx: 'MX',
  resolveNs: 'NS',
  resolveTxt: 'TXT',
  resolveSrv: 'SRV',
  resolvePtr: 'PTR',
  resolveNaptr: 'NAPTR',
  resolveSoa: 'SOA',
}

for (const [method, type] of Object.entries(RESOLVE_METHODS)) {
  Object.defineProperty(Resolver.prototype, method, {
    configurable: true,
    writable: true,
    value(this: Resolver, name: unknown, options: unknown, callback?: unknown) {
      return callback === undefined && typeof options === 'function'
        ? this.query(type, name, undefined, options)
        : this.query(type, name, options as object | undefined, callback)
    },
  })
}

function used(address: IpAddress | null): IpAddress | null {
  return address === null || address.isUnspecified ? null : address
}

function validateInteger(value: unknown, name: string, least: number): void {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < least || value > 0x7fff_ffff) throw outOfRange(name, `>= ${least} && <= 2147483647`, value)
}
