import {
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_RECVERR,
  IP_TOS,
  IP_TTL,
  IPV6_MTU,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SOL_IP,
} from './constants.ts'
import { SocketError } from './errno.ts'

/** IPV6_V6ONLY among the names of SOL_IP, of which it is none. */
export const V6ONLY = -1

/**
 * The options of SOL_IPV6 by the names of SOL_IP, where both mean the same.
 * @param level SOL_IP or SOL_IPV6
 * @throws SocketError ENOPROTOOPT for a name of SOL_IPV6 that is not known
 */
export function ipOptionName(level: number, name: number): number {
  if (level === SOL_IP) return name
  switch (name) {
    case IPV6_UNICAST_HOPS:
      return IP_TTL
    case IPV6_TCLASS:
      return IP_TOS
    case IPV6_MTU_DISCOVER:
      return IP_MTU_DISCOVER
    case IPV6_MTU:
      return IP_MTU
    case IPV6_RECVERR:
      return IP_RECVERR
    case IPV6_V6ONLY:
      return V6ONLY
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}
