import { type Limits, Stack, type TcpSettings } from '@tapwire/stack'
import type { ScriptOptionLine } from '../language/ast.ts'
import { ScriptError } from '../language/source.ts'

export type ScriptIpVersion = 'ipv4' | 'ipv6' | 'ipv4-mapped-ipv6'

/** Checks that may be switched off, each by itself. */
export interface Leniency {
  /** The PSH flag of what the stack sends. */
  readonly psh: boolean
  readonly window: boolean
  /** TCP options in any order, with any NOPs between them. */
  readonly optionOrder: boolean
  /** The value of the window scale option. */
  readonly windowScale: boolean
}

/** What a script runs with. */
export interface RunSettings {
  ipVersion: ScriptIpVersion
  localAddress: string
  remoteAddress: string
  /** Where `bind` with `...` binds to, and `connect` with `...` connects to. */
  bindPort: number
  connectPort: number
  /** Microseconds that an event may be early or late by. */
  tolerance: number
  /** The part of the time since the last event that it may be early or late by as well. */
  toleranceShare: number
  /** No tolerance, and nothing may be sent that the script does not tell. */
  exact: boolean
  mtu: number
  /** What the pieces of a joined segment are multiples of; 0: the first one's size. */
  mss: number
  /** The MSS that the route allows to advertise; 0: what the link's MTU gives. */
  routeMss: number
  strictSegments: boolean
  /** Microseconds between two values of the timestamp clock as the script has it; 0: TSval is not checked. */
  timestampTick: number
  lenient: Leniency
  ignoreCommands: boolean
  /** Tell each event, and each packet as it was sent. */
  verbose: boolean
  /** Added to all sequence numbers of the script's side. */
  remoteIsn: number
  /** Settings of the stack; the script's commands add to them. */
  tcp: TcpSettings
  /** Limits of the stack, by the script's commands. */
  limits: Partial<Limits>
  seed: number
}

const STRICT: Leniency = { psh: false, window: false, optionOrder: false, windowScale: false }

const ADDRESSES = {
  ipv4: { localAddress: '192.168.0.1', remoteAddress: '192.0.2.1' },
  ipv6: { localAddress: 'fd3d:a0b:17d6::1', remoteAddress: 'fd3d:fa7b:d17d::1' },
} as const

/** Prefix lengths of the local network. */
export const PREFIX_LENGTH = { ipv4: 16, ipv6: 48 } as const

export function defaultSettings(ipVersion: ScriptIpVersion): RunSettings {
  return {
    ipVersion,
    ...ADDRESSES[ipVersion === 'ipv6' ? 'ipv6' : 'ipv4'],
    bindPort: 8080,
    connectPort: 8080,
    tolerance: 4000,
    toleranceShare: 0.125,
    exact: false,
    mtu: 1500,
    mss: 0,
    routeMss: 0,
    strictSegments: false,
    timestampTick: 0,
    lenient: STRICT,
    ignoreCommands: false,
    verbose: false,
    remoteIsn: 0,
    limits: {},
    // Linux's defaults where the stack's own are others.
    tcp: { mtuProbing: false },
    seed: 1,
  }
}

type Apply = (settings: RunSettings, value: string) => void

const number =
  (
    key: 'tolerance' | 'bindPort' | 'connectPort' | 'mtu' | 'mss' | 'timestampTick' | 'remoteIsn' | 'seed',
  ): Apply =>
  (settings, value) => {
    const parsed = Number(value)
    if (value === '' || !Number.isInteger(parsed) || parsed < 0) throw new RangeError('needs a whole number')
    settings[key] = parsed
  }

const flag =
  (key: 'strictSegments' | 'exact' | 'ignoreCommands' | 'verbose'): Apply =>
  (settings, value) => {
    settings[key] = truth(value)
  }

const text =
  (key: 'localAddress' | 'remoteAddress'): Apply =>
  (settings, value) => {
    settings[key] = value
  }

const lenient =
  (key: keyof Leniency): Apply =>
  (settings, value) => {
    settings.lenient = { ...settings.lenient, [key]: truth(value) }
  }

function truth(value: string): boolean {
  return !(value === '0' || value === 'false' || value === 'no')
}

/** Options by the names that packetdrill gives them, and our own. Those with null mean something to a kernel only. */
const OPTIONS: Readonly<Record<string, Apply | null>> = {
  ip_version: (settings, value) => useIpVersion(settings, value),
  local_ip: text('localAddress'),
  remote_ip: text('remoteAddress'),
  bind_port: number('bindPort'),
  connect_port: number('connectPort'),
  tolerance_usecs: number('tolerance'),
  tolerance_percent: (settings, value) => {
    settings.toleranceShare = Number(value) / 100
  },
  mtu: number('mtu'),
  mss: number('mss'),
  strict_segments: flag('strictSegments'),
  tcp_ts_tick_usecs: number('timestampTick'),
  // Ours.
  exact: flag('exact'),
  ignore_commands: flag('ignoreCommands'),
  verbose: flag('verbose'),
  lenient_psh: lenient('psh'),
  lenient_window: lenient('window'),
  lenient_option_order: lenient('optionOrder'),
  lenient_wscale: lenient('windowScale'),
  remote_isn: number('remoteIsn'),
  seed: number('seed'),
  tcp: (settings, value) => {
    settings.tcp = { ...settings.tcp, ...tcpSetting(value) }
  },
  // What only a kernel has.
  code: null,
  debug: null,
  dry_run: null,
  gateway_ip: null,
  init_scripts: null,
  netmask_ip: null,
  no_cleanup: null,
  non_fatal: null,
  persistent_tun_dev: null,
  send_omit_free: null,
  so_filename: null,
  so_flags: null,
  speed: null,
  tun_dev: null,
  udp_encaps: null,
  wire_client: null,
  wire_client_dev: null,
  wire_server: null,
  wire_server_dev: null,
}

/** `quickAck=false`: one of the stack's own settings. */
function tcpSetting(text: string): TcpSettings {
  const found = /^(\w+)=(.+)$/.exec(text)
  if (found === null) throw new RangeError('needs NAME=VALUE')
  const [, name, value] = found
  const parsed = /^(?:true|false|\d+)$/.test(value) ? JSON.parse(value) : value
  const settings = { [name]: parsed }
  try {
    checkTcpSettings(settings)
  } catch (error) {
    throw new RangeError(`is wrong: ${(error as Error).message}`)
  }
  return settings
}

/** @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
function checkTcpSettings(tcp: TcpSettings): void {
  void new Stack({ tcp, limits: { memory: 1024 * 1024 } }).close()
}

function useIpVersion(settings: RunSettings, value: string): void {
  if (value !== 'ipv4' && value !== 'ipv6' && value !== 'ipv4-mapped-ipv6') {
    throw new RangeError('must be ipv4, ipv6 or ipv4-mapped-ipv6')
  }
  Object.assign(settings, ADDRESSES[value === 'ipv6' ? 'ipv6' : 'ipv4'], { ipVersion: value })
}

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(OPTIONS)

/** @throws RangeError in words that go behind the option's name */
export function applyOption(settings: RunSettings, name: string, value: string): void {
  const apply = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
  if (apply === undefined) throw new RangeError('is not known')
  apply?.(settings, value)
}

/** The `--name=value` lines of a script. @throws ScriptError */
export function applyOptionLines(
  settings: RunSettings,
  file: string,
  lines: readonly ScriptOptionLine[],
): void {
  // The IP version brings addresses, which others may replace.
  const ordered = [...lines].sort((a, b) => Number(b.name === 'ip_version') - Number(a.name === 'ip_version'))
  for (const { name, value, line } of ordered) {
    try {
      applyOption(settings, name, value ?? '1')
    } catch (error) {
      throw new ScriptError(file, line, `the option --${name} ${(error as Error).message}`)
    }
  }
}
