import { type Micros, SECOND } from '../../core/timer.ts'
import type { IpAddress } from '../../ip/address.ts'
import type { TcpOptions } from '../../wire/tcp.ts'
import type { TcpContext } from '../context.ts'
import { tupleHash } from '../isn.ts'

/*
 * The server's side of Fast Open cookies (RFC 7413 section 4.1.2; R7413-07): a MAC over both addresses and the day. Yesterday's
 * is good too, so that a rotation breaks nobody off; whoever brings it gets today's.
 */

const COOKIE_LENGTH = 8
const ROTATION: Micros = 86_400 * SECOND

export const CookieVerdict = { Bad: 0, Good: 1, /** Good, and due to be replaced. */ Old: 2 } as const
export type CookieVerdict = (typeof CookieVerdict)[keyof typeof CookieVerdict]

/** The cookie for a client today. */
export function makeCookie(tcp: TcpContext, local: IpAddress, remote: IpAddress): Uint8Array {
  const cookie = new Uint8Array(COOKIE_LENGTH)
  const view = new DataView(cookie.buffer)
  const day = today(tcp)
  view.setInt32(0, half(tcp, local, remote, day, 8))
  view.setInt32(4, half(tcp, local, remote, day, 9))
  return cookie
}

/** Judges the cookie of the segment being processed. */
export function checkCookie(
  tcp: TcpContext,
  local: IpAddress,
  remote: IpAddress,
  options: TcpOptions,
): CookieVerdict {
  if (options.fastOpenLength !== COOKIE_LENGTH) return CookieVerdict.Bad
  const { view } = tcp.network.memory
  const first = view.getInt32(options.fastOpenOffset)
  const second = view.getInt32(options.fastOpenOffset + 4)
  const day = today(tcp)
  for (let age = 0; age <= 1; age++) {
    if (first !== half(tcp, local, remote, day - age, 8)) continue
    if (second !== half(tcp, local, remote, day - age, 9)) continue
    return age === 0 ? CookieVerdict.Good : CookieVerdict.Old
  }
  return CookieVerdict.Bad
}

function today(tcp: TcpContext): number {
  return Math.floor(tcp.engine.now / ROTATION)
}

function half(tcp: TcpContext, local: IpAddress, remote: IpAddress, day: number, purpose: number): number {
  return tupleHash(tcp, local, 0, remote, day & 0xffff, purpose)
}
