import { createNet } from '@tapwire/net-api'
import { parseAddress, type Stack } from '@tapwire/stack'
import type { NcOptions } from '../commands/nc.ts'
import { Failure, Status, usageFailure } from '../failure.ts'
import type { Session } from '../session.ts'
import { say } from '../terminal.ts'

/** Connections that are tried at a time. */
const AT_ONCE = 16
/** Seconds until a port counts as silent. */
const PATIENCE = 2

/** `nc -z HOST PORTS`: a line for each port that takes connections. @returns 0 when there is one */
export async function scan(
  { world, terminal }: Session,
  host: string,
  ports: readonly number[],
  { timeout = PATIENCE, verbose }: NcOptions,
): Promise<number> {
  requireNeighbour(world.stack, host)
  const net = createNet(world.stack)
  let next = 0
  let open = 0
  const worker = async (): Promise<void> => {
    while (next < ports.length && !terminal.interrupted.aborted) {
      const port = ports[next++]
      const answer = await tryPort(net, host, port, timeout * 1000)
      if (answer === 'open') open++
      if (answer === 'open' || verbose) say(terminal.stdout, `${host} ${port} ${answer}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return open > 0 ? Status.Done : Status.Failed
}

/** Ports of others are none of this command's business. @throws Failure for a host behind a gateway */
function requireNeighbour(stack: Stack, host: string): void {
  const address = parseAddress(host)
  if (address === null) throw usageFailure(`nc -z takes an IPv4 or IPv6 address, and not '${host}'`)
  if (address.isLoopback || address.isLinkLocal) return
  const bytes = address.toBytes()
  const near = stack.interfaces.some((iface) =>
    iface.addresses.some(({ address: own, prefixLength }) => {
      const mine = own.toBytes()
      return mine.length === bytes.length && samePrefix(mine, bytes, prefixLength)
    }),
  )
  if (!near)
    throw new Failure(`nc -z looks at hosts of the own network only, and ${host} is in another`, Status.Usage)
}

function samePrefix(a: Uint8Array, b: Uint8Array, length: number): boolean {
  return a.every(
    (byte, at) => ((byte ^ b[at]) & (0xff << Math.min(8, Math.max(0, 8 * (at + 1) - length))) & 0xff) === 0,
  )
}

function tryPort(
  net: ReturnType<typeof createNet>,
  host: string,
  port: number,
  timeout: number,
): Promise<'open' | 'closed' | 'silent'> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host)
    const end = (answer: 'open' | 'closed' | 'silent'): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeout, () => end('silent'))
    socket.on('connect', () => end('open')).on('error', () => end('closed'))
  })
}
