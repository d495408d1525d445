import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { NetStack } from './context.ts'
import { createDns } from './dns/create-dns.ts'

type LookupCallback = Parameters<LookupFunction>[2]
/** What `dns.lookup` calls when it cannot know from its options whether one address or all are wanted. */
type SystemCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family: number,
) => void

/** The stack's own addresses of `localhost`: every stack has a loopback interface, whatever the host's files say. */
const LOCALHOST: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** The stack's own resolver where it has been told of name servers or hosts, else the operating system's. */
export function lookupFor(stack: NetStack): LookupFunction {
  const { nameServers = [], hosts = {} } = stack.names
  const own = nameServers.length > 0 || Object.keys(hosts).length > 0
  return own ? (createDns(stack).lookup as LookupFunction) : systemLookupButLocalhost
}

/** `localhost` is the stack itself (RFC 6761 section 6.3); other names are asked of the operating system. */
const systemLookupButLocalhost: LookupFunction = (hostname, options, callback) => {
  if (hostname.toLowerCase() !== 'localhost') {
    systemLookup(hostname, options, callback as SystemCallback)
    return
  }
  process.nextTick(answerLocalhost, options, callback)
}

function answerLocalhost(options: LookupOptions, callback: LookupCallback): void {
  const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family
  const found = LOCALHOST.filter((entry) => !family || entry.family === family)
  if (options.all) callback(null, found)
  else callback(null, found[0].address, found[0].family)
}
