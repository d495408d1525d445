import { Address4, Address6 } from 'ip-address'
import { TapwireError } from '../core/errors.ts'
import { IpAddress } from './address.ts'

/** An address with its prefix length, e.g. 10.77.0.2/24. */
export interface Prefix {
  readonly address: IpAddress
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number
}

/** Turns the text after % into an interface index; null when there is no such interface. */
export type ZoneResolver = (zone: string) => number | null

/** Reads an IPv4 or IPv6 address, with a zone where `zones` can resolve it. @returns null when it is not one */
export function parseAddress(text: string, zones: ZoneResolver | null = null): IpAddress | null {
  const percent = text.indexOf('%')
  const bare = percent < 0 ? text : text.slice(0, percent)
  if (bare.includes('/')) return null
  if (!bare.includes(':')) {
    // Node takes four decimal numbers and nothing else: no octal, no short forms.
    if (percent >= 0 || !/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(bare)) return null
    return Address4.isValid(bare) ? IpAddress.fromBytes(Uint8Array.from(new Address4(bare).toArray())) : null
  }
  if (!Address6.isValid(bare)) return null
  const address = IpAddress.fromBytes(Uint8Array.from(padTo16(new Address6(bare).toUnsignedByteArray())))
  if (percent < 0) return address
  const zone = zones?.(text.slice(percent + 1)) ?? null
  return zone === null ? null : address.withZone(zone)
}

function padTo16(bytes: number[]): number[] {
  return [...new Array<number>(Math.max(0, 16 - bytes.length)).fill(0), ...bytes.slice(-16)]
}

/** As `parseAddress`, for places where only an address will do. @throws ERR_INVALID_ARG_VALUE */
export function requireAddress(text: string, zones: ZoneResolver | null = null): IpAddress {
  const address = parseAddress(text, zones)
  if (address === null) {
    throw new TapwireError('ERR_INVALID_ARG_VALUE', `'${text}' is not an IPv4 or IPv6 address`)
  }
  return address
}

/** Reads `address/length`; without a length the whole address is meant. @throws ERR_INVALID_ARG_VALUE */
export function requirePrefix(text: string): Prefix {
  const slash = text.indexOf('/')
  const address = requireAddress(slash < 0 ? text : text.slice(0, slash))
  const longest = address.isV4 ? 32 : 128
  const lengthText = slash < 0 ? String(longest) : text.slice(slash + 1)
  const length = /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : -1
  if (length < 0 || length > longest) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `'${text}' needs a prefix length from 0 to ${longest} after the slash, as in ${address.isV4 ? '10.77.0.2/24' : 'fd77::2/64'}`,
    )
  }
  return { address, length }
}

/** The text of an address in its canonical form (RFC 5952), without zone. */
export function formatAddress(address: IpAddress): string {
  if (address.isV4) {
    const word = address.a3
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
  }
  return Address6.fromUnsignedByteArray([...address.toBytes()]).correctForm()
}
