import { accessSync, constants, existsSync, readFileSync } from 'node:fs'

const TUN = '/dev/net/tun'
const CAP_NET_ADMIN = 12n
const CAP_SYS_ADMIN = 21n

/** Why the kernel cannot be the peer on this machine, whatever this user may do; null when nothing stands against it. */
export function deviceObstacle(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (!existsSync(TUN)) return `there is no ${TUN}`
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK)
    return null
  } catch {
    return `this user may not open ${TUN}`
  }
}

/** Whether this process may not make network namespaces and devices in them; null when it may. */
export function privilegeObstacle(): string | null {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  const effective = BigInt(`0x${line?.[1] ?? '0'}`)
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n
  if (has(CAP_NET_ADMIN) && has(CAP_SYS_ADMIN)) return null
  return 'this user has neither CAP_NET_ADMIN nor CAP_SYS_ADMIN, as root has'
}
