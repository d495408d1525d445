import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

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

/** `localhost` is the stack itself (RFC 6761 section 6.3); other names are asked of the operating system. */
export const defaultLookup: LookupFunction = (hostname, options, callback) => {
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
