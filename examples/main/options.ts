import { parseArgs } from 'node:util'

export interface Options {
  /** Stay up after starting, instead of running the steps. */
  readonly serve: boolean
  /** `auto` takes the kernel where it can be had. */
  readonly world: 'auto' | 'kernel' | 'memory'
  /** MiB of each transfer. */
  readonly mebibytes: number
  /** Concurrent echo connections. */
  readonly connections: number
}

export const HELP = `tapwire's main job: an HTTP server and an echo server on a TCP/IP stack that runs in this process,
and real clients on the other side of the wire.

  npm start                    run every step, print a table, exit 0 only if all were right
  npm start -- --serve         stay up instead, and print how to reach the servers
  npm start -- --world memory  an in-memory network: no privilege, any system
  npm start -- --world kernel  the kernel as the peer, or an error (default: kernel if possible)
  npm start -- --size 64       MiB of each transfer (1 to 4096, default 256)
  npm start -- --connections 100  concurrent echo connections (1 to 10000, default 1000)
  npm start -- --help          this text

The kernel is reached by a TAP device in a network namespace of its own, which needs Linux, /dev/net/tun and root
(CAP_NET_ADMIN and CAP_SYS_ADMIN), or a system that lets "unshare -Urn" give them. Everything is removed at the end.
`

function wholeNumber(text: string, name: string, lowest: number, highest: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value
  throw new Error(`--${name} takes a whole number from ${lowest} to ${highest}, not '${text}'`)
}

/** Reads the command line. @returns null when help was asked for. @throws Error with a sentence for the user */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      serve: { type: 'boolean', default: false },
      world: { type: 'string', default: 'auto' },
      size: { type: 'string', default: '256' },
      connections: { type: 'string', default: '1000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const world = values.world
  if (world !== 'auto' && world !== 'kernel' && world !== 'memory') {
    throw new Error(`--world takes auto, kernel or memory, not '${world}'`)
  }
  return {
    serve: values.serve,
    world,
    mebibytes: wholeNumber(values.size, 'size', 1, 4096),
    connections: wholeNumber(values.connections, 'connections', 1, 10_000),
  }
}
