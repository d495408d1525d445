import { existsSync } from 'node:fs'
import { TapwireError } from '@tapwire/stack'
import { type GroThread, openGroThread } from './bulk-gro.ts'
import { Errno, errnoName } from './errno.ts'
import { TapError, WITHOUT_PRIVILEGE } from './errors.ts'
import {
  addAddress,
  type HostLink,
  hostError,
  readLink,
  setMtu,
  setQueueLength,
  setUp,
} from './host-config.ts'
import { type Libc, libc, O_CLOEXEC, O_NONBLOCK, O_RDWR } from './libc.ts'
import { awaitLocalRoutes } from './local-routes.ts'
import { type NetlinkSocket, withNetlink } from './netlink-socket.ts'
import { type CheckedOptions, formatMac } from './options.ts'
import {
  encodeIfreq,
  encodeInt,
  IFF_MULTI_QUEUE,
  IFF_NAPI,
  IFF_NO_PI,
  IFF_PERSIST,
  IFF_TAP,
  IFF_TUN,
  IFF_VNET_HDR,
  ifreqFlags,
  ifreqName,
  TUN_F_CSUM,
  TUN_F_TSO_ECN,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_USO4,
  TUN_F_USO6,
  TUNGETIFF,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETVNETHDRSZ,
  TUNSETVNETLE,
} from './tun-ioctl.ts'
import { VIRTIO_HEADER } from './virtio-header.ts'

const TUN_DEVICE = '/dev/net/tun'

/**
 * Frames that may wait for the reader. Of a hundred connections that began at once, a queue of the kernel's own 1,000 lost 9,700
 * of 28,300 frames in a second, one of this length none (measured). It costs 8 bytes each until it is used.
 */
const QUEUE_LENGTH = 10_000

/** An opened and configured interface. */
export interface OpenTun {
  readonly fd: number
  readonly name: string
  readonly host: HostLink
  /** Every frame comes and goes with a virtio header. */
  readonly virtio: boolean
  readonly offloads: AcceptedOffloads
  /** How the kernel is had to merge what is sent; null: it is not. */
  readonly gro: GroThread | null
  /** It stays when the fd is closed. */
  readonly persistent: boolean
  /** The fd is somebody else's to close. */
  readonly borrowed?: boolean
}

/** What the kernel agreed to. */
export interface AcceptedOffloads {
  readonly checksum: boolean
  readonly tso4: boolean
  readonly tso6: boolean
  readonly uso: boolean
}

const NO_OFFLOADS: AcceptedOffloads = { checksum: false, tso4: false, tso6: false, uso: false }

/**
 * Opens and configures an interface in the network namespace this thread is in. Everything happens before it
 * returns, so that it can run inside `runInNetns`. Nothing is left behind when it throws.
 */
export function openTun(options: CheckedOptions): OpenTun {
  const c = libc()
  const fd = c.open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
  if (fd < 0) throw cannotOpen(c.errno())
  let tun: OpenTun | null = null
  try {
    tun = withNetlink((socket) => configure(fd, socket, options))
    if (!options.gro || tun.gro !== null) return tun
  } finally {
    if (tun === null) c.close(fd)
  }
  // Without that thread its queue would only be a detour.
  c.close(fd)
  return openTun({ ...options, gro: false })
}

function configure(fd: number, socket: NetlinkSocket, options: CheckedOptions): OpenTun {
  const existed = options.name !== null && readLink(socket, options.name) !== null
  const name = setInterface(fd, options, existed)
  const offloads = options.offload ? negotiateOffloads(fd) : clearOffloads(fd)
  const link = requireLink(socket, name)
  if (options.mtu !== null && options.mtu !== link.mtu) setMtu(socket, link.index, options.mtu)
  setQueue(socket, link.index, options.queueLength, existed)
  for (const address of options.hostAddresses) addAddress(socket, link.index, address)
  if (!existed || options.hostAddresses.length > 0) setUp(socket, link.index, true)
  awaitLocalRoutes(options.hostAddresses)
  const host = requireLink(socket, name)
  refuseHostMac(options.mac, host.mac)
  const gro = options.gro ? openGroThread(name) : null
  return { fd, name, host, virtio: options.offload, offloads, gro, persistent: isPersistent(fd) }
}

/** A default that the kernel refuses is none: its own does as well, with a few connections. */
function setQueue(socket: NetlinkSocket, index: number, wanted: number | null, existed: boolean): void {
  if (wanted === null && existed) return
  const errno = setQueueLength(socket, index, wanted ?? QUEUE_LENGTH)
  if (errno !== 0 && wanted !== null)
    throw hostError(errno, `The queue could not be made ${wanted} frames long`)
}

/** TUNSETIFF: makes the interface, or attaches to the one there is. @returns its name */
function setInterface(fd: number, options: CheckedOptions, existed: boolean): string {
  const c = libc()
  const tap = options.medium === 'ethernet'
  const flags = (tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | (options.offload ? IFF_VNET_HDR : 0)
  const ifreq = encodeIfreq(
    options.name ?? (tap ? 'tap%d' : 'tun%d'),
    flags | (options.multiQueue ? IFF_MULTI_QUEUE : 0) | (options.gro ? IFF_NAPI : 0),
  )
  if (c.ioctl(fd, TUNSETIFF, ifreq) === 0) return ifreqName(ifreq)
  throw cannotAttach(c.errno(), options, existed)
}

/**
 * Asks for as much as the kernel takes. What is set here is what the kernel may send *us*; it takes partial
 * checksums and TCP super-frames from us in any case once IFF_VNET_HDR is set, and UDP ones since Linux 6.2, which
 * is where it also knows TUN_F_USO.
 */
function negotiateOffloads(fd: number): AcceptedOffloads {
  const c = libc()
  mustIoctl(c.ioctl(fd, TUNSETVNETHDRSZ, encodeInt(VIRTIO_HEADER)), 'TUNSETVNETHDRSZ')
  mustIoctl(c.ioctl(fd, TUNSETVNETLE, encodeInt(1)), 'TUNSETVNETLE')
  const tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN
  const uso = c.ioctlValue(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) === 0
  if (uso || c.ioctlValue(fd, TUNSETOFFLOAD, tcp) === 0)
    return { checksum: true, tso4: true, tso6: true, uso }
  if (c.ioctlValue(fd, TUNSETOFFLOAD, TUN_F_CSUM) === 0) return { ...NO_OFFLOADS, checksum: true }
  return NO_OFFLOADS
}

/** A persistent interface keeps what its last user negotiated. */
export function clearOffloads(fd: number, c: Libc = libc()): AcceptedOffloads {
  c.ioctlValue(fd, TUNSETOFFLOAD, 0)
  return NO_OFFLOADS
}

function isPersistent(fd: number): boolean {
  const ifreq = encodeIfreq('', 0)
  return libc().ioctl(fd, TUNGETIFF, ifreq) === 0 && (ifreqFlags(ifreq) & IFF_PERSIST) !== 0
}

function requireLink(socket: NetlinkSocket, name: string): HostLink {
  const link = readLink(socket, name)
  if (link === null)
    throw new TapError('ENODEV', `The interface ${name} went away while it was being opened.`)
  return link
}

/** Two ends of a wire with one address: the kernel would take every frame of ours for its own, and say nothing. */
function refuseHostMac(mac: Uint8Array | null, host: Uint8Array): void {
  if (mac === null || !mac.every((byte, i) => byte === host[i])) return
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `The option 'mac' is the stack's address and must differ from the interface's own, ${formatMac(host)}.`,
  )
}

function mustIoctl(result: number, request: string): void {
  if (result === 0) return
  const code = errnoName(libc().errno())
  throw new TapError(
    code,
    `The kernel refused ${request} (${code}): open the device with offload: false.`,
    'ioctl',
  )
}

function cannotOpen(errno: number): TapError {
  const code = errnoName(errno)
  if (errno === Errno.ENOENT || errno === Errno.ENODEV || errno === Errno.ENXIO) {
    const how = existsSync(TUN_DEVICE) ? 'The kernel has no TUN/TAP driver' : `There is no ${TUN_DEVICE}`
    return new TapError(
      'ENODEV',
      `${how}: load it with \`modprobe tun\`, or give a container the device (--device ${TUN_DEVICE}). Without it, use an in-memory network (createCable() from @tapwire/stack).`,
      'open',
    )
  }
  if (errno === Errno.EACCES || errno === Errno.EPERM) {
    return new TapError(
      code,
      `No permission to open ${TUN_DEVICE}: run as root, or let this user read and write it (chmod 0666 ${TUN_DEVICE}); making an interface then needs the capability CAP_NET_ADMIN as well. ${WITHOUT_PRIVILEGE}`,
      'open',
    )
  }
  return new TapError(code, `${TUN_DEVICE} cannot be opened: ${code}.`, 'open')
}

function cannotAttach(errno: number, options: CheckedOptions, existed: boolean): TapError {
  const code = errnoName(errno)
  const kind = options.medium === 'ethernet' ? 'TAP' : 'TUN'
  const name = options.name ?? `a new ${kind}`
  if (errno === Errno.EPERM || errno === Errno.EACCES) {
    return new TapError(
      code,
      existed
        ? `No permission to use ${name}: it belongs to another user. Run as its owner or with the capability CAP_NET_ADMIN.`
        : `No permission to make a ${kind} interface: this needs the capability CAP_NET_ADMIN. ${WITHOUT_PRIVILEGE}`,
      'ioctl',
    )
  }
  if (errno === Errno.EBUSY) {
    return new TapError(
      code,
      `The interface ${name} is in use by another program: choose another name.`,
      'ioctl',
    )
  }
  if (errno === Errno.E2BIG) {
    return new TapError(code, `The interface ${name} has as many queues as the kernel allows.`, 'ioctl')
  }
  if (errno === Errno.EINVAL && existed) {
    const queues = options.multiQueue
      ? 'not multi-queue (open it with queues: 1)'
      : 'multi-queue (open it with queues: 2 or more)'
    return new TapError(
      'EEXIST',
      `The name ${name} is taken: there is an interface of that name that is no ${kind}, or that is ${queues}.`,
      'ioctl',
    )
  }
  return new TapError(code, `The kernel refused to make ${name}: ${code}.`, 'ioctl')
}
