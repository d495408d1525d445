import { CONSTANTS, ERRNO } from '@tapwire/sockets'

/** Constants that scripts use beside those of the calls. */
const MORE: Readonly<Record<string, number>> = {
  NULL: 0,
  INADDR_ANY: 0,
  INADDR_LOOPBACK: 0x7f000001,
  PF_INET: 2,
  PF_INET6: 10,
  // What the calls here do not know, and say so (ENOPROTOOPT).
  SO_BINDTODEVICE: 25,
  SO_TIMESTAMP: 29,
  SO_TIMESTAMPING: 37,
  SO_PEEK_OFF: 42,
  SO_BUSY_POLL: 46,
  SO_INCOMING_CPU: 49,
  SO_ZEROCOPY: 60,
  SO_TXTIME: 61,
  TCP_MD5SIG: 14,
  TCP_THIN_LINEAR_TIMEOUTS: 16,
  TCP_THIN_DUPACK: 17,
  TCP_REPAIR: 19,
  TCP_SAVE_SYN: 27,
  TCP_SAVED_SYN: 28,
  TCP_ULP: 31,
  TCP_FASTOPEN_KEY: 33,
  TCP_ZEROCOPY_RECEIVE: 35,
  TCP_TX_DELAY: 37,
  IP_RECVTTL: 12,
  IP_RECVTOS: 13,
  IP_FREEBIND: 15,
  IP_TRANSPARENT: 19,
  IP_BIND_ADDRESS_NO_PORT: 24,
  IP_PMTUDISC_INTERFACE: 4,
  IP_PMTUDISC_OMIT: 5,
  IPV6_RECVTCLASS: 66,
  SO_EE_ORIGIN_TXSTATUS: 4,
  SO_EE_ORIGIN_TIMESTAMPING: 4,
  SO_EE_ORIGIN_ZEROCOPY: 5,
  SO_EE_CODE_ZEROCOPY_COPIED: 1,
  EPOLLEXCLUSIVE: 1 << 28,
  // FreeBSD's names.
  TCP_MAXSEG: 2,
  TCP_NOPUSH: 3,
}

const table: ReadonlyMap<string, number> = new Map<string, number>([
  ...Object.entries(MORE),
  ...Object.entries(CONSTANTS),
  ...Object.entries(ERRNO),
])

/** The number behind a name of C, or undefined. */
export function constant(name: string): number | undefined {
  return table.get(name)
}
