import { Icmpv6Type } from '../icmpv6.ts'
import { NaFlag, NdpOption as Option, PrefixFlag, RaFlag } from '../ndp.ts'
import { concat, NO_BYTES, putAddress, viewOf } from './bytes.ts'
import type { IcmpFields, IcmpMessage } from './icmp.ts'

/** An option of neighbour discovery, readable. Lifetimes in seconds. */
export type NdpOption =
  | { name: 'sourceLinkAddress' | 'targetLinkAddress'; mac: Uint8Array }
  | {
      name: 'prefix'
      length: number
      onLink: boolean
      autonomous: boolean
      validLifetime: number
      preferredLifetime: number
      prefix: Uint8Array
    }
  | { name: 'mtu'; mtu: number }
  /** `data` is filled up with zeros to a multiple of 8 minus 2 bytes. */
  | { name: 'unknown'; kind: number; data: Uint8Array }
  /** Bytes that are no options: from the first impossible length on. */
  | { name: 'raw'; bytes: Uint8Array }

/** A neighbour discovery message, readable (RFC 4861 section 4). Times in milliseconds. */
export type NdpMessage =
  | { name: 'routerSolicitation'; options: NdpOption[] }
  | {
      name: 'routerAdvertisement'
      hopLimit: number
      managed: boolean
      other: boolean
      /** In seconds. */
      routerLifetime: number
      reachableTime: number
      retransTimer: number
      options: NdpOption[]
    }
  | { name: 'neighbourSolicitation'; target: Uint8Array; options: NdpOption[] }
  | {
      name: 'neighbourAdvertisement'
      router: boolean
      solicited: boolean
      override: boolean
      target: Uint8Array
      options: NdpOption[]
    }
  | { name: 'redirect'; target: Uint8Array; destination: Uint8Array; options: NdpOption[] }

/** @returns null if the ICMPv6 message is none of the five, or too short for its type */
export function parseNdp(icmp: IcmpMessage): NdpMessage | null {
  const { body, rest } = icmp
  const view = viewOf(body)
  switch (icmp.type) {
    case Icmpv6Type.RouterSolicitation:
      return { name: 'routerSolicitation', options: parseOptions(body) }
    case Icmpv6Type.RouterAdvertisement:
      if (body.length < 8) return null
      return {
        name: 'routerAdvertisement',
        hopLimit: rest >>> 24,
        managed: ((rest >>> 16) & RaFlag.Managed) !== 0,
        other: ((rest >>> 16) & RaFlag.Other) !== 0,
        routerLifetime: rest & 0xffff,
        reachableTime: view.getUint32(0),
        retransTimer: view.getUint32(4),
        options: parseOptions(body.subarray(8)),
      }
    case Icmpv6Type.NeighbourSolicitation:
      if (body.length < 16) return null
      return {
        name: 'neighbourSolicitation',
        target: body.slice(0, 16),
        options: parseOptions(body.subarray(16)),
      }
    case Icmpv6Type.NeighbourAdvertisement:
      if (body.length < 16) return null
      return {
        name: 'neighbourAdvertisement',
        router: (rest & NaFlag.Router) !== 0,
        solicited: (rest & NaFlag.Solicited) !== 0,
        override: (rest & NaFlag.Override) !== 0,
        target: body.slice(0, 16),
        options: parseOptions(body.subarray(16)),
      }
    case Icmpv6Type.Redirect:
      if (body.length < 32) return null
      return {
        name: 'redirect',
        target: body.slice(0, 16),
        destination: body.slice(16, 32),
        options: parseOptions(body.subarray(32)),
      }
    default:
      return null
  }
}

/** The ICMPv6 message to be built around it, e.g. `buildIcmpv6(ndpMessage(m), ip)`. */
export function ndpMessage(message: NdpMessage): IcmpFields {
  const options = concat(...message.options.map(buildOption))
  switch (message.name) {
    case 'routerSolicitation':
      return { type: Icmpv6Type.RouterSolicitation, body: options }
    case 'routerAdvertisement': {
      const flags = (message.managed ? RaFlag.Managed : 0) | (message.other ? RaFlag.Other : 0)
      const times = new Uint8Array(8)
      viewOf(times).setUint32(0, message.reachableTime)
      viewOf(times).setUint32(4, message.retransTimer)
      const rest = (message.hopLimit << 24) | (flags << 16) | message.routerLifetime
      return { type: Icmpv6Type.RouterAdvertisement, rest: rest >>> 0, body: concat(times, options) }
    }
    case 'neighbourSolicitation':
      return { type: Icmpv6Type.NeighbourSolicitation, body: concat(message.target, options) }
    case 'neighbourAdvertisement': {
      const rest =
        (message.router ? NaFlag.Router : 0) |
        (message.solicited ? NaFlag.Solicited : 0) |
        (message.override ? NaFlag.Override : 0)
      return {
        type: Icmpv6Type.NeighbourAdvertisement,
        rest: rest >>> 0,
        body: concat(message.target, options),
      }
    }
    case 'redirect':
      return { type: Icmpv6Type.Redirect, body: concat(message.target, message.destination, options) }
  }
}

function parseOptions(bytes: Uint8Array): NdpOption[] {
  const options: NdpOption[] = []
  let at = 0
  while (at < bytes.length) {
    const length = at + 1 < bytes.length ? bytes[at + 1] * 8 : 0
    if (length === 0 || at + length > bytes.length) {
      options.push({ name: 'raw', bytes: bytes.slice(at) })
      break
    }
    options.push(parseOption(bytes[at], bytes.slice(at, at + length)))
    at += length
  }
  return options
}

function parseOption(kind: number, bytes: Uint8Array): NdpOption {
  const view = viewOf(bytes)
  if (bytes.length === 8 && kind === Option.SourceLinkAddress) {
    return { name: 'sourceLinkAddress', mac: bytes.slice(2) }
  }
  if (bytes.length === 8 && kind === Option.TargetLinkAddress) {
    return { name: 'targetLinkAddress', mac: bytes.slice(2) }
  }
  if (bytes.length === 8 && kind === Option.Mtu) return { name: 'mtu', mtu: view.getUint32(4) }
  if (bytes.length === 32 && kind === Option.PrefixInformation) {
    return {
      name: 'prefix',
      length: bytes[2],
      onLink: (bytes[3] & PrefixFlag.OnLink) !== 0,
      autonomous: (bytes[3] & PrefixFlag.Autonomous) !== 0,
      validLifetime: view.getUint32(4),
      preferredLifetime: view.getUint32(8),
      prefix: bytes.slice(16),
    }
  }
  return { name: 'unknown', kind, data: bytes.slice(2) }
}

function buildOption(option: NdpOption): Uint8Array {
  switch (option.name) {
    case 'sourceLinkAddress':
      return sized(Option.SourceLinkAddress, option.mac)
    case 'targetLinkAddress':
      return sized(Option.TargetLinkAddress, option.mac)
    case 'mtu': {
      const data = new Uint8Array(6)
      viewOf(data).setUint32(2, option.mtu)
      return sized(Option.Mtu, data)
    }
    case 'prefix': {
      const data = new Uint8Array(30)
      const view = viewOf(data)
      data[0] = option.length
      data[1] = (option.onLink ? PrefixFlag.OnLink : 0) | (option.autonomous ? PrefixFlag.Autonomous : 0)
      view.setUint32(2, option.validLifetime)
      view.setUint32(6, option.preferredLifetime)
      putAddress(data, 14, option.prefix, 16)
      return sized(Option.PrefixInformation, data)
    }
    case 'unknown':
      return sized(option.kind, option.data)
    case 'raw':
      return option.bytes
  }
}

/** Kind, length in units of 8 bytes, data, zeros. */
function sized(kind: number, data: Uint8Array): Uint8Array {
  const length = (2 + data.length + 7) & ~7
  const padding = length - 2 - data.length
  return concat(Uint8Array.of(kind, length / 8), data, padding === 0 ? NO_BYTES : new Uint8Array(padding))
}
