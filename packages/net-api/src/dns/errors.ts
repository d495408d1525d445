import type { CodedError } from '../errors.ts'

/** What the answer to a query can be instead of records, in Node's words (those of c-ares). */
export type DnsFailure =
  | 'ENODATA'
  | 'EFORMERR'
  | 'ESERVFAIL'
  | 'ENOTFOUND'
  | 'ENOTIMP'
  | 'EREFUSED'
  | 'EBADQUERY'
  | 'EBADNAME'
  | 'EBADRESP'
  | 'ECONNREFUSED'
  | 'ETIMEOUT'
  | 'ECANCELLED'

/** `queryA ENOTFOUND example.com`: as `dns.resolve` and its kin form it, whose `errno` is not there. */
export function queryError(code: string, syscall: string, hostname: string): CodedError {
  const error = new Error(`${syscall} ${code} ${hostname}`)
  return Object.assign(error, { errno: undefined, code, syscall, hostname })
}

/** libuv's numbers for what `getaddrinfo` says, the same on every platform. */
const NUMBERS = { ENOTFOUND: -3008, EAI_AGAIN: -3001 } as const

/** `getaddrinfo ENOTFOUND example.com`: as `dns.lookup` forms it (NK-08). */
export function lookupError(code: keyof typeof NUMBERS, hostname: string): CodedError {
  const syscall = 'getaddrinfo'
  const error = new Error(`${syscall} ${code} ${hostname}`)
  return Object.assign(error, { errno: NUMBERS[code], code, syscall, hostname })
}

/** DNS-06: what may be otherwise in a while, and what will not. */
export function lookupFailure(failure: DnsFailure): keyof typeof NUMBERS {
  return failure === 'ENOTFOUND' || failure === 'ENODATA' || failure === 'EBADNAME'
    ? 'ENOTFOUND'
    : 'EAI_AGAIN'
}
