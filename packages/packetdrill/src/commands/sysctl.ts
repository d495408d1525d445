import { LIMIT_RANGES, type Limits, type TcpSettings } from '@tapwire/stack'

/** What a value of a sysctl means for the stack; null: it has no such thing, and is as if it had this value. */
type Meaning = (words: readonly string[]) => TcpSettings | null

const whole = (word: string): number => {
  const value = Number(word)
  if (word === '' || !Number.isInteger(value)) throw new RangeError(`'${word}' is no whole number`)
  return value
}

const toggle =
  (
    key:
      | 'windowScaling'
      | 'timestamps'
      | 'sack'
      | 'dsack'
      | 'frto'
      | 'slowStartAfterIdle'
      | 'receiveBufferTuning',
  ): Meaning =>
  ([word]) => ({ [key]: whole(word) !== 0 })

const count =
  (
    key:
      | 'synRetries'
      | 'synAckRetries'
      | 'retries'
      | 'keepAliveCount'
      | 'duplicateThreshold'
      | 'baseMss'
      | 'outOfWindowAckInterval',
  ): Meaning =>
  ([word]) => ({ [key]: whole(word) })

/** Given in seconds. */
const secondsOf =
  (key: 'finWait2' | 'keepAliveIdle' | 'keepAliveInterval'): Meaning =>
  ([word]) => ({ [key]: whole(word) * 1000 })

/** It means nothing to a stack without a kernel around it. */
const nothing: Meaning = () => null

/** Only one behaviour is there: the values that ask for it are fine, others are refused. */
const only =
  (...values: readonly string[]): Meaning =>
  (words) => {
    if (values.includes(words.join(' '))) return null
    throw new RangeError(`only ${values.join(' or ')} is possible`)
  }

const CONGESTION: Readonly<Record<string, NonNullable<TcpSettings['congestion']>>> = {
  cubic: 'cubic',
  reno: 'newreno',
  bbr: 'bbr',
}

const V4: Readonly<Record<string, Meaning>> = {
  tcp_sack: toggle('sack'),
  tcp_timestamps: toggle('timestamps'),
  tcp_window_scaling: toggle('windowScaling'),
  tcp_syn_retries: count('synRetries'),
  tcp_synack_retries: count('synAckRetries'),
  tcp_retries2: count('retries'),
  tcp_orphan_retries: ([word]) => (whole(word) === 0 ? { orphanRetries: 8 } : { orphanRetries: whole(word) }),
  tcp_fin_timeout: secondsOf('finWait2'),
  tcp_dsack: toggle('dsack'),
  tcp_frto: toggle('frto'),
  tcp_slow_start_after_idle: toggle('slowStartAfterIdle'),
  tcp_moderate_rcvbuf: toggle('receiveBufferTuning'),
  tcp_reordering: count('duplicateThreshold'),
  tcp_invalid_ratelimit: count('outOfWindowAckInterval'),
  tcp_recovery: ([word]) => ({ rack: (whole(word) & 1) !== 0 }),
  // 0 to 2 were early retransmit, which is gone; 3 and 4 have the probe.
  tcp_early_retrans: ([word]) => ({ tailLossProbe: whole(word) >= 3 }),
  tcp_notsent_lowat: ([word]) => ({ notSentLowWater: Math.min(whole(word), 0x7fff_ffff) }),
  tcp_mtu_probing: ([word]) => ({
    mtuProbing: ([false, 'blackHole', 'always'] as const)[whole(word)] ?? false,
  }),
  tcp_base_mss: count('baseMss'),
  tcp_keepalive_time: secondsOf('keepAliveIdle'),
  tcp_keepalive_intvl: secondsOf('keepAliveInterval'),
  tcp_keepalive_probes: count('keepAliveCount'),
  tcp_congestion_control: ([word]) => {
    const congestion = CONGESTION[word]
    if (congestion === undefined) throw new RangeError('cubic, reno and bbr are possible')
    return { congestion }
  },
  tcp_rmem: ([, initial, most]) => ({ receiveBuffer: whole(initial), receiveBufferMax: whole(most) }),
  tcp_wmem: ([, initial, most]) => ({ sendBuffer: whole(initial), sendBufferMax: whole(most) }),
  tcp_ecn: ([word]) => {
    const ecn = [false, true, 'passive'] as const
    if (ecn[whole(word)] === undefined) throw new RangeError('0, 1 and 2 are possible')
    return { ecn: ecn[whole(word)] }
  },
  tcp_syncookies: ([word]) => ({ synCookies: ([false, true, 'always'] as const)[whole(word)] ?? true }),
  // Bit 0x400: listeners have it without asking (TCP_FASTOPEN).
  tcp_fastopen: ([word]) => ({
    fastOpenServer: (whole(word) & 0x402) === 0x402 ? 128 : 0,
    fastOpenWithoutCookie: (whole(word) & 0x202) === 0x202,
  }),
  ip_local_port_range: ([first, last]) => ({ ephemeralPorts: [whole(first), whole(last)] }),
  tcp_rto_max_ms: ([word]) => ({ maxRto: whole(word) }),
  tcp_rto_min_us: ([word]) => ({ minRto: Math.round(whole(word) / 1000) }),
  tcp_abort_on_overflow: only('0'),
  tcp_adv_win_scale: only('1'),
  tcp_allowed_congestion_control: nothing,
  tcp_autocorking: nothing,
  tcp_available_congestion_control: nothing,
  tcp_comp_sack_nr: nothing,
  tcp_comp_sack_delay_ns: nothing,
  tcp_fack: nothing,
  tcp_fastopen_key: nothing,
  tcp_fastopen_blackhole_timeout_sec: nothing,
  tcp_limit_output_bytes: nothing,
  tcp_max_reordering: nothing,
  tcp_probe_interval: nothing,
  tcp_probe_threshold: nothing,
  tcp_mtu_probe_floor: nothing,
  tcp_l3mdev_accept: nothing,
  tcp_migrate_req: nothing,
  tcp_plb_enabled: nothing,
  tcp_shrink_window: nothing,
  tcp_challenge_ack_limit: nothing,
  tcp_backlog_ack_defer: nothing,
  tcp_comp_sack_slack_ns: nothing,
  tcp_pingpong_thresh: nothing,
  tcp_thin_linear_timeouts: nothing,
  tcp_ecn_option: nothing,
  tcp_ecn_fallback: nothing,
  tcp_reflect_tos: nothing,
  tcp_mem: nothing,
  tcp_min_tso_segs: nothing,
  tcp_no_metrics_save: nothing,
  tcp_no_ssthresh_metrics_save: nothing,
  tcp_pacing_ca_ratio: nothing,
  tcp_pacing_ss_ratio: nothing,
  tcp_rfc1337: nothing,
  tcp_stdurg: only('0'),
  tcp_tso_rtt_log: nothing,
  tcp_tso_win_divisor: nothing,
  tcp_tw_reuse: nothing,
  tcp_workaround_signed_windows: only('0'),
  tcp_min_snd_mss: nothing,
  route: nothing,
}

const OTHER: readonly string[] = [
  'net.core.',
  'net.ipv4.route.',
  'net.ipv4.conf.',
  'net.ipv4.neigh.',
  'net.ipv6.conf.',
  'net.ipv6.route.',
  'net.ipv6.neigh.',
  'kernel.',
  'vm.',
  // FreeBSD's scripts set up and look at their own kernel.
  'kern.',
  'net.inet.',
  'net.inet6.',
  'net.link.',
]

/** Sysctls that bound a table. */
const LIMITS: Readonly<Record<string, keyof Limits>> = {
  tcp_max_orphans: 'orphans',
  tcp_max_syn_backlog: 'synBacklog',
  tcp_max_tw_buckets: 'timeWait',
}

/** A sysctl that is a limit of the stack, within what that limit can be; null for any other. @throws RangeError */
export function translateLimit(name: string, value: string): Partial<Limits> | null {
  const key = /^(?:\/proc\/sys\/)?net[./]ipv4[./](\w+)$/.exec(name)?.[1]
  if (key === undefined || !Object.hasOwn(LIMITS, key)) return null
  const limit = LIMITS[key]
  const [least, most] = LIMIT_RANGES[limit]
  return { [limit]: Math.min(most, Math.max(least, whole(value.trim()))) }
}

/**
 * One `name=value` of sysctl. The name may be written as a path below /proc/sys.
 * @throws RangeError for a value or a name that means nothing here
 */
export function translateSysctl(name: string, value: string): TcpSettings | null {
  const dotted = name.replace(/^\/proc\/sys\//, '').replaceAll('/', '.')
  const words = value.trim().split(/[\s,]+/)
  const key = /^net\.ipv4\.(\w+)$/.exec(dotted)?.[1]
  const meaning = key === undefined || !Object.hasOwn(V4, key) ? undefined : V4[key]
  if (meaning !== undefined) {
    try {
      return meaning(words)
    } catch (error) {
      throw new RangeError(`${dotted} cannot be '${value}': ${(error as Error).message}`)
    }
  }
  if (OTHER.some((prefix) => dotted.startsWith(prefix))) return null
  throw new RangeError(`the sysctl ${dotted} has no meaning here`)
}
