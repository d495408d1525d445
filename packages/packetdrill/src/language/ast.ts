import type { Place } from './source.ts'

/** Microseconds. */
export type Usecs = number

/** When an event is to happen. */
export type EventTime =
  | { readonly kind: 'any' }
  /** Since the script began; with `to`, at any time between the two. */
  | { readonly kind: 'absolute'; readonly at: Usecs; readonly to?: Usecs }
  /** Since the event before. */
  | { readonly kind: 'relative'; readonly at: Usecs; readonly to?: Usecs }

export interface Script {
  readonly file: string
  readonly options: readonly ScriptOptionLine[]
  readonly events: readonly ScriptEvent[]
}

/** `--name=value` */
export interface ScriptOptionLine extends Place {
  readonly name: string
  readonly value: string | null
}

export interface ScriptEvent extends Place {
  readonly time: EventTime
  /** When a blocking call returns: counted as `time` is. */
  readonly until?: Usecs
  readonly body: EventBody
  /** As written, on one line. */
  readonly text: string
}

export type EventBody = PacketSpec | CallSpec | CommandSpec | CodeSpec

export interface CommandSpec {
  readonly kind: 'command'
  readonly text: string
}

/** What stands between %{ and }%. */
export interface CodeSpec {
  readonly kind: 'code'
  readonly text: string
}

// ---- packets -----------------------------------------------------------------------------------------------------

export type EcnSpec = 'noecn' | 'ect0' | 'ect1' | 'ect01' | 'ce'

/** What is said of the IP header; what is left out is not checked, or as it usually is. */
export interface IpSpec {
  readonly ecn?: EcnSpec
  readonly tos?: number
  readonly ttl?: number
  readonly flowLabel?: number
}

export interface PacketSpec {
  readonly kind: 'packet'
  readonly direction: 'in' | 'out'
  readonly ip: IpSpec
  /** `source > destination`, for scripts with several connections. */
  readonly ports?: { readonly source: number; readonly destination: number }
  readonly content: TcpSpec | UdpSpec | IcmpSpec
}

export interface TcpSpec {
  readonly protocol: 'tcp'
  /** Bits as in the header. */
  readonly flags: number
  readonly seq: number
  readonly length: number
  readonly ack?: number
  readonly window?: number
  readonly urgent?: number
  /** Null: `<...>`, not checked. */
  readonly options: readonly OptionSpec[] | null
}

/** A null number is `...`: not checked. */
export type OptionSpec =
  | { readonly name: 'nop' | 'eol' | 'sackOK' }
  | { readonly name: 'mss' | 'wscale'; readonly value: number | null }
  | { readonly name: 'TS'; readonly value: number | null; readonly echo: number | null }
  | { readonly name: 'sack'; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly name: 'FO' | 'FOEXP'; readonly cookie: Uint8Array | null }
  | { readonly name: 'uto'; readonly value: number; readonly minutes: boolean }
  | { readonly name: 'kind'; readonly kind: number; readonly data: Uint8Array }
  /** Bytes as they stand, whatever length they claim to have. */
  | { readonly name: 'raw'; readonly bytes: Uint8Array }

export interface UdpSpec {
  readonly protocol: 'udp'
  readonly length: number
}

export interface IcmpSpec {
  readonly protocol: 'icmp'
  readonly type: string | number
  readonly code: string | number | null
  readonly mtu?: number
  /** What the quoted packet says of itself. */
  readonly quoted?: { readonly protocol: 'tcp'; readonly seq: number; readonly length: number } | UdpSpec
}

// ---- calls -------------------------------------------------------------------------------------------------------

export interface CallSpec {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Expression[]
  /** Null: `?`, whatever it is. */
  readonly result: Expression | null
  /** By name, when the call is to fail. */
  readonly errno?: string
}

export type Expression = Place &
  (
    | { readonly kind: 'ellipsis' }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'string'; readonly value: string; readonly repeat?: number }
    /** A constant's name. */
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'unary'; readonly operator: '-' | '~' | '!'; readonly operand: Expression }
    | {
        readonly kind: 'binary'
        readonly operator: '|' | '&' | '^' | '<<' | '>>' | '+' | '-' | '*' | '/'
        readonly left: Expression
        readonly right: Expression
      }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    | { readonly kind: 'struct'; readonly fields: readonly StructField[] }
    /** `htons(80)`, `inet_addr("10.0.0.1")`. */
    | { readonly kind: 'apply'; readonly name: string; readonly args: readonly Expression[] }
  )

/** `name=value`, `name(argument)=value`, or a value alone (name ''). */
export interface StructField {
  readonly name: string
  readonly argument?: Expression
  readonly value: Expression
}
