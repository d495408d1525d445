import type { Impairment, NameSettings, TcpSettings } from '@tapwire/stack'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { usageFailure } from '../failure.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'

/** What a stack is to stand on, and what is to be told of it: everything from the command line and the configuration. */
export interface WorldOptions {
  readonly device:
    | { readonly kind: 'tap' | 'tun'; readonly name: string }
    | { readonly kind: 'virtual' }
    | null
  readonly netns: string | null
  /** Of the stack and of the kernel's side, with prefix lengths; null for the usual ones. */
  readonly addresses: readonly string[] | null
  readonly hostAddresses: readonly string[] | null
  readonly gateways: readonly string[] | null
  readonly mtu: number | null
  readonly mac: string | null
  readonly offload: boolean
  readonly impair: Impairment | null
  readonly tcp: TcpSettings
  readonly names: NameSettings | null
  readonly peer: string | null
  readonly observe: ObserveOptions
}

/** What is told while a command runs. */
export interface ObserveOptions {
  readonly trace: boolean
  /** Counters at the end; or each so many seconds. */
  readonly stats: 'end' | number | null
  readonly dump: boolean
  readonly pcap: string | null
  readonly json: boolean
}

interface Raw {
  readonly tap?: string
  readonly tun?: string
  readonly virtual?: boolean
  readonly netns?: string
  readonly address?: readonly string[]
  readonly hostAddress?: readonly string[]
  readonly gateway?: readonly string[]
  readonly mtu?: number
  readonly mac?: string
  readonly offload?: boolean
  readonly impair?: Record<string, number | boolean | string>
  readonly tcp?: Record<string, number | boolean | string>
  readonly config?: string
  readonly peer?: string
  readonly trace?: boolean
  readonly stats?: true | number
  readonly dump?: boolean
  readonly pcap?: string
  readonly json?: boolean
}

const DEVICE = 'Device:'
const WATCHING = 'Watching:'

/** Adds the options that every command with a stack has. @param without those that the command itself says otherwise */
export function addWorldOptions(command: Command, ...without: readonly string[]): Command {
  for (const [group, flags, text, parse] of OPTIONS) {
    const option = new Option(flags, text).helpGroup(group)
    if (without.includes(option.attributeName())) continue
    if (parse) option.argParser<unknown>(parse as (text: string, before: unknown) => unknown)
    command.addOption(option)
  }
  return command
}

const OPTIONS: readonly [
  group: string,
  flags: string,
  text: string,
  parse?: (text: string, before: never) => unknown,
][] = [
  [DEVICE, '--tap <name>', 'a TAP device; one of that name is used, or made and removed at the end'],
  [DEVICE, '--tun <name>', 'the same with a TUN device, which carries bare IP packets'],
  [DEVICE, '--virtual', 'no device: a host in memory is the other side, and answers; needs no privilege'],
  [
    DEVICE,
    '--netns <name>',
    'the network namespace of the device; one that is not there is made, and removed at the end',
  ],
  [
    DEVICE,
    '--address <prefix>',
    "the stack's address, as 10.77.0.2/24; may be given again (default: 10.77.0.2/24 and fd77::2/64)",
    list,
  ],
  [
    DEVICE,
    '--host-address <prefix>',
    "the kernel's address on a device that is made (default: the first ones of the networks)",
    list,
  ],
  [DEVICE, '--gateway <address>', 'where packets to other networks go', list],
  [DEVICE, '--mtu <bytes>', 'the largest IP packet (default: 1500)', wholeNumber('--mtu', 68, 65_535)],
  [DEVICE, '--mac <address>', "the stack's link-layer address (default: made up)"],
  [DEVICE, '--offload', 'let the kernel cut and sum TCP segments (up to 64 KiB in one frame)'],
  [DEVICE, '--no-offload', '1,500-byte frames with checksums, as on a wire'],
  [
    DEVICE,
    '--impair <list>',
    'a bad network: loss=0.05,latency=20,bandwidth=1e6 (docs/architecture.md has all names)',
    settings,
  ],
  [DEVICE, '--tcp <list>', 'settings of TCP, such as congestion=bbr,sack=false', settings],
  [DEVICE, '--config <file>', 'a JSON file with any of these options; the command line wins'],
  [
    DEVICE,
    '--peer <command>',
    "run this on the kernel's side once there is something to talk to, and end with it",
  ],
  [WATCHING, '--trace', 'tell state changes and windows of connections'],
  [WATCHING, '--stats [seconds]', 'tell counters at the end, or each so many seconds', seconds('--stats')],
  [WATCHING, '--dump', 'tell each packet in a line'],
  [WATCHING, '--pcap <file>', 'write all packets as pcapng, for Wireshark'],
]

/** `default*`: what a command has where nobody said anything. @throws Failure with a sentence */
export function readWorldOptions(raw: Raw, defaults: { readonly offload: boolean }): WorldOptions {
  const file: ConfigFile = raw.config === undefined ? {} : readConfigFile(raw.config)
  const named = [raw.tap, raw.tun, raw.virtual].filter((value) => value !== undefined).length
  if (named > 1) throw usageFailure('of --tap, --tun and --virtual only one can be the device')
  const device = named > 0 ? raw : file
  return {
    device: deviceOf(device.tap, device.tun, device.virtual),
    netns: raw.netns ?? file.netns ?? null,
    addresses: raw.address ?? file.addresses ?? null,
    hostAddresses: raw.hostAddress ?? file.hostAddresses ?? null,
    gateways: raw.gateway ?? file.gateways ?? null,
    mtu: raw.mtu ?? file.mtu ?? null,
    mac: raw.mac ?? file.mac ?? null,
    offload: raw.offload ?? file.offload ?? defaults.offload,
    // The stack refuses by name what it does not know.
    impair: (raw.impair ?? file.impair ?? null) as Impairment | null,
    tcp: { ...file.tcp, ...raw.tcp } as TcpSettings,
    names: file.names ?? null,
    peer: raw.peer ?? file.peer ?? null,
    observe: {
      trace: raw.trace ?? false,
      stats: raw.stats === true ? 'end' : (raw.stats ?? null),
      dump: raw.dump ?? false,
      pcap: raw.pcap ?? null,
      json: raw.json ?? false,
    },
  }
}

function deviceOf(tap?: string, tun?: string, virtual?: boolean): WorldOptions['device'] {
  if (tap !== undefined) return { kind: 'tap', name: tap }
  if (tun !== undefined) return { kind: 'tun', name: tun }
  return virtual === true ? { kind: 'virtual' } : null
}

function list(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',')]
}

function settings(text: string, before: object | undefined): Record<string, number | boolean | string> {
  const pairs = text.split(',').map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new InvalidArgumentError(`'${pair}' is not name=value.`)
    return [pair.slice(0, at), readValue(pair.slice(at + 1))] as const
  })
  return { ...before, ...Object.fromEntries(pairs) }
}

function readValue(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

/** For commander: a whole number in a range. */
export function wholeNumber(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= low && value <= high) return value
    throw new InvalidArgumentError(`${name} takes a whole number from ${low} to ${high}.`)
  }
}

/** For commander: seconds, with fractions. */
export function seconds(name: string, low = 0.01, high = 86_400): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d*\.?\d+$/.test(text) && value >= low && value <= high) return value
    throw new InvalidArgumentError(`${name} takes seconds, from ${low} to ${high}.`)
  }
}
