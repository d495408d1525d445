import type * as dns from 'node:dns'
import type { Answer, CaaData, MxData, NaptrData, SoaData, SrvData } from 'dns-packet'
import { ttlOf } from './answers.ts'

/** One record as Node gives it: the value that `resolveMx` and its kin list, or the object of `resolveAny`. */
export interface RecordShape {
  /** The list's element; with `ttl` where the caller asked for it. */
  plain(record: Answer, ttl: boolean): unknown
  /** What stands beside `type` in `resolveAny`. */
  any(record: Answer): object
}

const data = <T>(record: Answer): T => (record as unknown as { data: T }).data

const address: RecordShape = {
  plain: (record, ttl) =>
    ttl ? { address: data<string>(record), ttl: ttlOf(record) } : data<string>(record),
  any: (record) => ({ address: data<string>(record), ttl: ttlOf(record) }),
}

const name: RecordShape = {
  plain: (record) => nameOf(data<string>(record)),
  any: (record) => ({ value: nameOf(data<string>(record)) }),
}

/** Node has nothing for the root: a null MX (RFC 7505) has the exchange ''. */
function nameOf(decoded: string): string {
  return decoded === '.' ? '' : decoded
}

/** Both forms are the same object. */
function structured<T>(convert: (value: T) => object): RecordShape {
  const whole = (record: Answer): object => convert(data<T>(record))
  return { plain: whole, any: whole }
}

/** Octets have no encoding here; each is one character, as Node has it. */
function text(record: Answer): string[] {
  return data<readonly Buffer[]>(record).map((octets) => octets.toString('latin1'))
}

/** The record types that Node resolves. */
export const RECORD_SHAPES: Readonly<Record<string, RecordShape>> = {
  A: address,
  AAAA: address,
  CNAME: name,
  NS: name,
  PTR: name,
  MX: structured<MxData>(
    ({ exchange, preference }): dns.MxRecord => ({ exchange: nameOf(exchange), priority: preference ?? 0 }),
  ),
  SRV: structured<SrvData>(
    ({ target, port, priority, weight }): dns.SrvRecord => ({
      name: nameOf(target),
      port,
      priority: priority ?? 0,
      weight: weight ?? 0,
    }),
  ),
  SOA: structured<SoaData>(
    ({ mname, rname, serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 }): dns.SoaRecord => ({
      nsname: nameOf(mname),
      hostmaster: nameOf(rname),
      serial,
      refresh,
      retry,
      expire,
      minttl: minimum,
    }),
  ),
  NAPTR: structured<NaptrData>(
    ({ flags, services, regexp, replacement, order, preference }): dns.NaptrRecord => ({
      flags,
      service: services,
      regexp,
      replacement: nameOf(replacement),
      order,
      preference,
    }),
  ),
  CAA: structured<CaaData>(({ flags, tag, value }) => ({ critical: flags ?? 0, [tag]: value })),
  TXT: { plain: text, any: (record) => ({ entries: text(record) }) },
}
