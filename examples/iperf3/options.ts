import { parseArgs } from 'node:util'
import { DEFAULT_PARAMS, type Params } from './params.ts'
import {
  DEFAULT_PORT,
  MAX_OMIT,
  MAX_SECONDS,
  MAX_STREAMS,
  MAX_TCP_BLOCK,
  MAX_UDP_BLOCK,
  MIN_UDP_BLOCK,
  TCP_BLOCK,
  UDP_BLOCK,
  UDP_RATE,
} from './protocol.ts'

export const HELP = `iperf3 on tapwire: a server and a client that speak iperf3's own protocol, behind a TAP

  npm run iperf3 -- -s --kernel 'iperf3 -c 10.77.0.2 -P 4 -R'    a server, and the kernel's iperf3 as its client
  npm run iperf3 -- -c 10.77.0.1 -P 4 -R --kernel 'iperf3 -s'    a client, and the kernel's iperf3 as its server
  npm run iperf3 -- -s                                           stays up, and says how the kernel's side is entered
  npm run iperf3 -- -s --tap tap0                                a TAP where this command runs: iperf3 -c 10.77.0.2

  -s, --server          serve, at 10.77.0.2 and fd77::2
  -c, --client ADDRESS  measure to there; the kernel's side is 10.77.0.1 and fd77::1
  -1, --one-off         serve one test, then end
  -p, --port N          default 5201
  --kernel COMMAND      run this on the kernel's side; a server ends with it, a client waits for it to listen
  --tap NAME            a TAP of that name in the network of this process; without it, in a namespace of its own
  --no-offload          1,500-byte frames, checksums in TypeScript
  -i, --interval N      seconds between two reports (default 1)

For a client:
  -t, --time N          seconds (default 10)          -P, --parallel N     streams (default 1)
  -n, --bytes N[KMG]    in the place of a time        -R, --reverse        the server sends
  -k, --blockcount N    in the place of a time        --bidir              both send
  -O, --omit N          seconds that do not count     -l, --length N[KMG]  bytes of a write, or of a datagram
  -u, --udp             UDP, at 1 Mbit/s unless -b    -b, --bitrate N[KMG] bits per second of a stream, 0: no bound
  -N, --no-delay        no Nagle                      -w, --window N[KMG]  size of the buffers
  -M, --set-mss N       by the TAP's MTU              --udp-counters-64bit
  -h, --help

Needs Linux, /dev/net/tun and root (CAP_NET_ADMIN, and CAP_SYS_ADMIN for the namespace).`

export interface Options {
  readonly mode: 'server' | 'client'
  /** The server's, for a client. */
  readonly address: string
  readonly port: number
  readonly oneOff: boolean
  readonly kernel: string | null
  readonly tap: string | null
  readonly offload: boolean
  readonly interval: number
  readonly params: Params
}

/** Reads the command line. @returns null when help was asked for @throws Error with a sentence for the user */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      server: { type: 'boolean', short: 's', default: false },
      client: { type: 'string', short: 'c' },
      'one-off': { type: 'boolean', short: '1', default: false },
      port: { type: 'string', short: 'p' },
      kernel: { type: 'string' },
      tap: { type: 'string' },
      'no-offload': { type: 'boolean', default: false },
      interval: { type: 'string', short: 'i' },
      time: { type: 'string', short: 't' },
      bytes: { type: 'string', short: 'n' },
      blockcount: { type: 'string', short: 'k' },
      omit: { type: 'string', short: 'O' },
      parallel: { type: 'string', short: 'P' },
      reverse: { type: 'boolean', short: 'R', default: false },
      bidir: { type: 'boolean', default: false },
      length: { type: 'string', short: 'l' },
      udp: { type: 'boolean', short: 'u', default: false },
      bitrate: { type: 'string', short: 'b' },
      'no-delay': { type: 'boolean', short: 'N', default: false },
      window: { type: 'string', short: 'w' },
      'set-mss': { type: 'string', short: 'M' },
      'udp-counters-64bit': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  if (values.server === (values.client !== undefined)) {
    throw new Error('either -s or -c ADDRESS says what this is to be: --help has examples')
  }
  if (values.reverse && values.bidir) throw new Error('-R and --bidir exclude each other')
  const number = (name: keyof typeof values, low: number, high: number, otherwise: number): number =>
    readNumber(name, values[name] as string | undefined, low, high, otherwise)
  const bytes = number('bytes', 1, Number.MAX_SAFE_INTEGER, 0)
  const blocks = number('blockcount', 1, Number.MAX_SAFE_INTEGER, 0)
  if ([values.time, values.bytes, values.blockcount].filter((value) => value !== undefined).length > 1) {
    throw new Error('of -t, -n and -k only one can say when the test ends')
  }
  const { udp } = values
  return {
    mode: values.server ? 'server' : 'client',
    address: values.client ?? '',
    port: number('port', 1, 65_535, DEFAULT_PORT),
    oneOff: values['one-off'],
    kernel: values.kernel ?? null,
    tap: values.tap ?? null,
    offload: !values['no-offload'],
    interval: number('interval', 0.1, 60, 1),
    params: {
      protocol: udp ? 'udp' : 'tcp',
      time: bytes > 0 || blocks > 0 ? 0 : number('time', 1, MAX_SECONDS, DEFAULT_PARAMS.time),
      bytes,
      blocks,
      omit: number('omit', 0, MAX_OMIT, 0),
      parallel: number('parallel', 1, MAX_STREAMS, 1),
      reverse: values.reverse,
      bidirectional: values.bidir,
      length: udp
        ? number('length', MIN_UDP_BLOCK, MAX_UDP_BLOCK, UDP_BLOCK)
        : number('length', 1, MAX_TCP_BLOCK, TCP_BLOCK),
      bandwidth: number('bitrate', 0, 1e12, udp ? UDP_RATE : 0),
      noDelay: values['no-delay'],
      window: number('window', 2048, 2 ** 30, 0),
      mss: number('set-mss', 88, 9000, 0),
      counters64: values['udp-counters-64bit'],
    },
  }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }
/** Rates are in powers of ten, as iperf3 has them. */
const RATE_UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 }

function readNumber(
  name: string,
  text: string | undefined,
  low: number,
  high: number,
  otherwise: number,
): number {
  if (text === undefined) return otherwise
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text) ?? []
  const units = name === 'bitrate' ? RATE_UNITS : UNITS
  const value = Number(digits) * units[unit.toUpperCase()]
  const whole = name === 'interval' || name === 'omit' || Number.isInteger(value)
  if (whole && value >= low && value <= high) return value
  throw new Error(`--${name} takes a number from ${low} to ${high}, and this is '${text}'`)
}
