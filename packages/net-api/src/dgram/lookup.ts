import { isIP, type LookupFunction } from 'node:net'
import type { DgramContext } from './context.ts'

/** What is called with the address of a name. */
export type Found = (error: Error | null, address: string) => void

/** What a socket was given as `lookup`: Node hands it the family alone. */
export type OwnLookup = (hostname: string, family: 4 | 6, callback: Found) => void

/** The context's lookup; an address stands for itself, in the next tick. */
export function contextLookup({ lookup }: DgramContext): OwnLookup {
  return (hostname, family, callback) => {
    if (isIP(hostname) === 0) lookup(hostname, { family }, callback as Parameters<LookupFunction>[2])
    else process.nextTick(callback, null, hostname)
  }
}
