import { Errno, errnoName } from './errno.ts'
import { TapError, WITHOUT_PRIVILEGE } from './errors.ts'
import {
  findAttribute,
  IFA_ADDRESS,
  IFA_BROADCAST,
  IFA_F_NODAD,
  IFA_LOCAL,
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_MTU,
  IFLA_TXQLEN,
  NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_REPLACE,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from './netlink.ts'
import type { NetlinkSocket } from './netlink-socket.ts'
import type { HostAddress } from './options.ts'

const AF_INET = 2
const AF_INET6 = 10
/** Length of `struct ifinfomsg`, after which the attributes of a link start. */
const IFINFOMSG = 16

/** The kernel's side of an interface. */
export interface HostLink {
  readonly index: number
  readonly up: boolean
  /** Bytes. */
  readonly mtu: number
  /** Six bytes; empty for an interface without link-layer addresses, as a TUN. */
  readonly mac: Uint8Array
}

/** What the kernel knows of an interface, or null when there is none of that name. */
export function readLink(socket: NetlinkSocket, name: string): HostLink | null {
  const answer = socket.request((sequence) =>
    new NetlinkMessage(RTM_GETLINK, 0, sequence).link(0, 0, 0).attributeText(IFLA_IFNAME, name),
  )
  if (answer.errno === Errno.ENODEV) return null
  const body = answer.replies.find((reply) => reply.type === RTM_NEWLINK)?.body
  if (answer.errno !== 0 || body === undefined) {
    throw hostError(answer.errno, `The interface ${name} could not be read`)
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const mtu = findAttribute(body, IFINFOMSG, IFLA_MTU)
  return {
    index: view.getInt32(4, true),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    mtu: mtu === null ? 0 : new DataView(mtu.buffer, mtu.byteOffset).getUint32(0, true),
    mac: (findAttribute(body, IFINFOMSG, IFLA_ADDRESS) ?? new Uint8Array(0)).slice(),
  }
}

export function setMtu(socket: NetlinkSocket, index: number, mtu: number): void {
  const { errno } = socket.request((sequence) =>
    new NetlinkMessage(RTM_NEWLINK, 0, sequence).link(index, 0, 0).attributeUint32(IFLA_MTU, mtu),
  )
  if (errno !== 0) throw hostError(errno, `The MTU could not be set to ${mtu}`)
}

/** @returns the errno, 0 when it was done */
export function setQueueLength(socket: NetlinkSocket, index: number, frames: number): number {
  return socket.request((sequence) =>
    new NetlinkMessage(RTM_NEWLINK, 0, sequence).link(index, 0, 0).attributeUint32(IFLA_TXQLEN, frames),
  ).errno
}

export function setUp(socket: NetlinkSocket, index: number, up: boolean): void {
  const { errno } = socket.request((sequence) =>
    new NetlinkMessage(RTM_NEWLINK, 0, sequence).link(index, up ? IFF_UP : 0, IFF_UP),
  )
  if (errno !== 0) throw hostError(errno, `The interface could not be brought ${up ? 'up' : 'down'}`)
}

/** Adds an address, or does nothing when the interface has it already. */
export function addAddress(socket: NetlinkSocket, index: number, host: HostAddress): void {
  const bytes = host.address.toBytes()
  const v4 = host.address.isV4
  const { errno } = socket.request((sequence) => {
    const message = new NetlinkMessage(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sequence)
      .address(v4 ? AF_INET : AF_INET6, host.prefixLength, v4 ? 0 : IFA_F_NODAD, index)
      .attribute(IFA_LOCAL, bytes)
      .attribute(IFA_ADDRESS, bytes)
    if (v4 && host.prefixLength < 31) message.attribute(IFA_BROADCAST, broadcast(bytes, host.prefixLength))
    return message
  })
  if (errno === 0) return
  const disabled = !v4 && (errno === Errno.EACCES || errno === Errno.ENODEV)
  throw hostError(
    errno,
    `The address ${host.text} could not be given to the interface${disabled ? ' (IPv6 seems to be disabled here)' : ''}`,
  )
}

export function deleteLink(socket: NetlinkSocket, index: number): void {
  const { errno } = socket.request((sequence) =>
    new NetlinkMessage(RTM_DELLINK, 0, sequence).link(index, 0, 0),
  )
  if (errno !== 0) throw hostError(errno, 'The interface could not be deleted')
}

function broadcast(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - 8 * i))))
}

export function hostError(errno: number, what: string): TapError {
  const code = errno === 0 ? 'EIO' : errnoName(errno)
  const advice = errno === Errno.EPERM ? ` This needs the capability CAP_NET_ADMIN. ${WITHOUT_PRIVILEGE}` : ''
  return new TapError(code, `${what}: ${code}.${advice}`, 'rtnetlink')
}
