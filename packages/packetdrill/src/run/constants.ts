import { CONSTANTS, ERRNO } from '@tapwire/sockets'

/** Constants that scripts use beside those of the calls. */
const MORE: Readonly<Record<string, number>> = {
  NULL: 0,
  INADDR_ANY: 0,
  INADDR_LOOPBACK: 0x7f000001,
  PF_INET: 2,
  PF_INET6: 10,
  TCP_CM_INQ: 36,
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
