import { type IpAddress, parseAddress, TapwireError } from '@tapwire/stack'

/** How to open a TAP or TUN device. Everything is optional. */
export interface TapOptions {
  /**
   * The interface's name on the kernel's side, 1 to 15 bytes. An existing persistent device of that name (one made
   * by `ip tuntap add`) is attached to, otherwise one is made, which goes when it is closed. Default: the kernel
   * chooses the next free `tapN` or `tunN`.
   */
  name?: string | undefined
  /**
   * The largest IP packet in bytes, 68 to 65521 for a TAP, to 65535 for a TUN; at least 1280 for IPv6 (RFC 8200
   * section 5). Default: what the interface has, 1500 for a new one.
   */
  mtu?: number | undefined
  /**
   * The link-layer address the *stack* is to use, like '02:00:00:00:00:01'. It is not the interface's own, which
   * belongs to the kernel's side of the wire (`hostMac`). Default: the stack makes one up. TAP only.
   */
  mac?: string | undefined
  /**
   * Addresses with prefix length for the *kernel's* side, like '10.77.0.1/24' and 'fd77::1/64'; the interface is
   * then brought up. IPv6 addresses skip duplicate address detection, so that they can be used at once. Without
   * them an interface that already existed is left exactly as it is.
   */
  hostAddresses?: readonly string[] | undefined
  /**
   * The network namespace to open it in: a name (as in `ip netns`), or a path such as /proc/123/ns/net, or what
   * `createNetns()` returned. The process itself stays where it is. Needs CAP_SYS_ADMIN over both namespaces.
   */
  netns?: string | { readonly path: string } | undefined
  /**
   * Lets the kernel and the stack leave checksums and TCP segmentation to each other, and exchange TCP
   * super-frames of up to 64 KiB. Default true; what the kernel refuses is left out.
   */
  offload?: boolean | undefined
  /**
   * Without `offload`: the kernel merges what the stack sends in bulk, as it does with what comes by a network card (GRO). That more
   * than halves what sending costs, and makes requests and answers 6 % dearer. It takes a thread of the kernel's own while much is
   * sent: a setting of the interface (`threaded` in its sysfs, put back afterwards), which needs CAP_SYS_ADMIN, Linux 5.12 and
   * glibc 2.36. Where it is not to be had nothing is merged: the device's `gro` tells. Default false.
   */
  gro?: boolean | undefined
  /**
   * 1 (the default) opens the interface for this device alone. A larger number, up to 256, opens it as a
   * multi-queue interface and this device as *one* of its queues: every further `openTap` of the same name with
   * `queues` above 1 (in a worker thread or another process) adds one, and the kernel spreads flows over the
   * queues that are open. No queue is opened that nobody reads.
   */
  queues?: number | undefined
  /**
   * How many frames may wait on the kernel's side until they are read, 1 to 100000, for each queue (`txqueuelen`); what comes
   * then is dropped. Default: 10000 for an interface that is made here, and what it has for one that existed. The kernel's own
   * 500 or 1000 are too few for a hundred TCP connections that begin at once: a third of their frames was dropped.
   */
  queueLength?: number | undefined
}

/** A host address, read. */
export interface HostAddress {
  readonly text: string
  readonly address: IpAddress
  readonly prefixLength: number
}

/** Options after every check. */
export interface CheckedOptions {
  readonly medium: 'ethernet' | 'ip'
  readonly name: string | null
  readonly mtu: number | null
  readonly mac: Uint8Array | null
  readonly hostAddresses: readonly HostAddress[]
  /** A path that opens as a network namespace. */
  readonly netns: string | null
  readonly offload: boolean
  readonly gro: boolean
  readonly multiQueue: boolean
  /** Frames; null for the default. */
  readonly queueLength: number | null
}

const NAMES: { readonly [K in keyof Required<TapOptions>]: true } = {
  name: true,
  mtu: true,
  mac: true,
  hostAddresses: true,
  netns: true,
  offload: true,
  gro: true,
  queues: true,
  queueLength: true,
}

const MAX_QUEUES = 256
const MAX_QUEUE_LENGTH = 100_000
/** The kernel's limit is 65535 less the link header. */
const MAX_MTU = { ethernet: 65521, ip: 65535 } as const

/** @throws TapwireError ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
export function checkOptions(medium: 'ethernet' | 'ip', options: TapOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw wrongType('options', 'an object', options)
  refuseUnknown(options)
  const hostAddresses = checkHostAddresses(options.hostAddresses)
  const queues = checkInteger('queues', options.queues ?? 1, 1, MAX_QUEUES)
  if (medium === 'ip' && options.mac !== undefined) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      "The option 'mac' makes no sense for a TUN: it carries bare IP packets.",
    )
  }
  return {
    medium,
    name: options.name === undefined ? null : checkInterfaceName(options.name),
    mtu: checkMtu(options.mtu, medium, hostAddresses),
    mac: options.mac === undefined ? null : parseMac(options.mac),
    hostAddresses,
    netns: options.netns === undefined ? null : netnsPath(options.netns),
    offload: checkBoolean('offload', options.offload ?? true),
    gro: checkGro(options, queues),
    multiQueue: queues > 1,
    queueLength:
      options.queueLength === undefined
        ? null
        : checkInteger('queueLength', options.queueLength, 1, MAX_QUEUE_LENGTH),
  }
}

/** Super-frames need no merging; and the settings are the interface's, not a queue's. */
function checkGro({ gro = false, offload = true }: TapOptions, queues: number): boolean {
  if (checkBoolean('gro', gro) && (offload || queues > 1)) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      "The option 'gro' is for a device with 'offload: false' and one queue.",
    )
  }
  return gro
}

/** A misspelt option would be ignored, and the default be used without anybody knowing. */
function refuseUnknown(options: TapOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(NAMES, name)) continue
    const names = Object.keys(NAMES).join(', ')
    throw new TapwireError('ERR_INVALID_ARG_VALUE', `There is no option '${name}'. There are ${names}`)
  }
}

/** The rules of the kernel (dev_valid_name) and of `ip`. */
function checkInterfaceName(name: string): string {
  if (typeof name !== 'string') throw wrongType('name', 'a string', name)
  if (!/^[!-~]{1,15}$/.test(name) || /[/:%]/.test(name) || name === '.' || name === '..') {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `The option 'name' must be 1 to 15 printable ASCII characters without space, '/', ':' or '%'. Received '${name}'`,
    )
  }
  return name
}

/** A namespace's path: names live in /run/netns, where `ip netns` puts them. */
export function netnsPath(netns: string | { readonly path: string }): string {
  if (typeof netns === 'object' && netns !== null) return netns.path
  if (typeof netns !== 'string') throw wrongType('netns', 'a string', netns)
  if (netns.startsWith('/')) return netns
  if (!/^[^/\0]{1,255}$/.test(netns) || netns === '.' || netns === '..') {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `The option 'netns' must be a namespace's name without '/', or an absolute path. Received '${netns}'`,
    )
  }
  return `/run/netns/${netns}`
}

/** Six bytes of 'aa:bb:cc:dd:ee:ff', which has to be a unicast address. */
export function parseMac(text: string): Uint8Array {
  if (typeof text !== 'string') throw wrongType('mac', 'a string', text)
  const bytes = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)
    ? Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
    : null
  if (bytes === null || (bytes[0]! & 1) !== 0 || bytes.every((byte) => byte === 0)) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `The option 'mac' must be a unicast address like '02:00:00:00:00:01'. Received '${text}'`,
    )
  }
  return bytes
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function checkHostAddresses(list: readonly string[] | undefined): HostAddress[] {
  if (list === undefined) return []
  if (!Array.isArray(list)) throw wrongType('hostAddresses', 'an array of strings', list)
  return list.map(parseHostAddress)
}

function parseHostAddress(text: unknown): HostAddress {
  if (typeof text !== 'string') throw wrongType('hostAddresses', 'an array of strings', text)
  const [, addressText, lengthText] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const address = addressText === undefined ? null : parseAddress(addressText)
  const prefixLength = Number(lengthText)
  if (
    address === null ||
    prefixLength > (address.isV4 ? 32 : 128) ||
    address.isMulticast ||
    address.isUnspecified
  ) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      `The option 'hostAddresses' takes unicast addresses with a prefix length, like '10.77.0.1/24' or 'fd77::1/64'. Received '${text}'`,
    )
  }
  return { text, address, prefixLength }
}

function checkMtu(
  mtu: number | undefined,
  medium: 'ethernet' | 'ip',
  addresses: readonly HostAddress[],
): number | null {
  if (mtu === undefined) return null
  const v6 = addresses.some(({ address }) => !address.isV4)
  if (v6 && Number.isInteger(mtu) && mtu >= 68 && mtu < 1280) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `IPv6 needs an 'mtu' of at least 1280 (RFC 8200 section 5), and 'hostAddresses' has an IPv6 address. Received ${mtu}`,
    )
  }
  return checkInteger('mtu', mtu, 68, MAX_MTU[medium])
}

function checkInteger(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `The option '${name}' must be an integer from ${least} to ${most}. Received ${value}`,
    )
  }
  return value
}

function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value)
  return value
}

function wrongType(name: string, expected: string, value: unknown): TapwireError {
  return new TapwireError(
    'ERR_INVALID_ARG_TYPE',
    `The option '${name}' must be ${expected}. Received ${value === null ? 'null' : `type ${typeof value}`}`,
  )
}
