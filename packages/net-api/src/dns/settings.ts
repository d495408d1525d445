import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { invalidArgType, invalidArgValue, invalidIpAddress, outOfRange } from '../errors.ts'

/** Where names are looked up, and how patiently. */
export interface DnsOptions {
  /** In order of preference: '10.0.0.53', '10.0.0.53:5353', 'fd00::53', '[fd00::53]:5353', 'fe80::1%eth0'. Default: the stack's. */
  readonly nameServers?: readonly string[]
  /** Names that are known without asking, as in /etc/hosts. Default: the stack's. */
  readonly hosts?: Readonly<Record<string, string | readonly string[]>>
  /** Domains that are put behind names with fewer dots than `ndots`. Default: the stack's. */
  readonly searchDomains?: readonly string[]
  /** Default 1, as in resolv.conf(5). */
  readonly ndots?: number
  /** Milliseconds until an unanswered query goes to the next server; doubled for each further round. Default 5,000. */
  readonly timeout?: number
  /** Rounds over all servers. Default 2. */
  readonly tries?: number
  /** Answers remembered for as long as they say; 0 for none. Default 1,000. */
  readonly cacheSize?: number
}

export interface NameServer {
  readonly host: string
  readonly port: number
}

export interface DnsSettings {
  readonly servers: readonly NameServer[]
  readonly hosts: ReadonlyMap<string, readonly string[]>
  readonly searchDomains: readonly string[]
  readonly ndots: number
  readonly timeout: number
  readonly tries: number
  readonly cacheSize: number
}

const DNS_PORT = 53

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_IP_ADDRESS */
export function resolveDnsOptions(options: DnsOptions): DnsSettings {
  return {
    servers: parseServers(options.nameServers ?? []),
    hosts: parseHosts(options.hosts ?? {}),
    searchDomains: parseSearch(options.searchDomains ?? []),
    ndots: count(options.ndots, 'ndots', 1, 0, 15),
    timeout: count(options.timeout, 'timeout', 5000, 1, 600_000),
    tries: count(options.tries, 'tries', 2, 1, 100),
    cacheSize: count(options.cacheSize, 'cacheSize', 1000, 0, 1_000_000),
  }
}

function count(value: number | undefined, name: string, usual: number, least: number, most: number): number {
  if (value === undefined) return usual
  if (typeof value !== 'number') throw invalidArgType(`options.${name}`, 'number', value)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw outOfRange(`options.${name}`, `an integer from ${least} to ${most}`, value)
  }
  return value
}

/** As `dns.setServers` takes them. @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_IP_ADDRESS */
export function parseServers(texts: readonly string[]): NameServer[] {
  if (!Array.isArray(texts)) throw invalidArgType('servers', 'Array', texts)
  return texts.map((text, i) => {
    if (typeof text !== 'string') throw invalidArgType(`servers[${i}]`, 'string', text)
    return parseServer(text)
  })
}

function parseServer(text: string): NameServer {
  if (isIP(text) !== 0) return { host: text, port: DNS_PORT }
  const found = /^\[(?<v6>[^[\]]+)\](?::(?<port6>\d{1,5}))?$|^(?<v4>[^:]+):(?<port4>\d{1,5})$/.exec(
    text,
  )?.groups
  const host = found?.v6 ?? found?.v4 ?? ''
  const port = Number(found?.port6 ?? found?.port4 ?? DNS_PORT)
  if (isIP(host) !== (found?.v6 === undefined ? 4 : 6) || port < 1 || port > 0xffff)
    throw invalidIpAddress(text)
  return { host, port }
}

/** As `dns.getServers` tells them. */
export function serverText({ host, port }: NameServer): string {
  if (port === DNS_PORT) return host
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

function parseHosts(
  hosts: Readonly<Record<string, string | readonly string[]>>,
): Map<string, readonly string[]> {
  const entries = new Map<string, readonly string[]>()
  for (const [name, given] of Object.entries(hosts)) {
    const addresses = typeof given === 'string' ? [given] : given
    for (const address of addresses) if (isIP(address) === 0) throw invalidIpAddress(address)
    entries.set(queryName(name), addresses)
  }
  return entries
}

function parseSearch(domains: readonly string[]): string[] {
  return domains.map((domain) => {
    const name = queryName(domain)
    if (name === '' || !isQueryName(name)) throw invalidArgValue('options.searchDomains', domain)
    return name
  })
}

/** Names are compared without regard to case (DNS-13, RFC 1035 section 2.3.3), and the dot at the end says nothing more. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

/**
 * What is asked when somebody wants to know of a name: letters beyond ASCII are as IDNA has them (RFC 5891), 'bücher.example' is
 * 'xn--bcher-kva.example'. For the application's names only: this is slow for what a server may send a thousand times.
 */
export function queryName(name: string): string {
  return plainName(ASCII.test(name) ? name : domainToASCII(name) || name)
}

const ASCII = /^[\0-\x7f]*$/

/**
 * Whether a name fits into a question: labels of 1 to 63 octets, 255 octets in all (RFC 1035 section 2.3.4), of the characters
 * that c-ares asks for. Nothing, or a dot, is the root.
 */
export function isQueryName(name: string): boolean {
  const plain = queryName(name)
  if (plain === '') return true
  return plain.length <= 253 && plain.split('.').every((label) => LABEL.test(label))
}

const LABEL = /^[a-z0-9_*/-]{1,63}$/
