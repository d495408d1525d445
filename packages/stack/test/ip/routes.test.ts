import { describe, expect, it } from 'vitest'
import type { IpAddress } from '../../src/ip/address.ts'
import { requireAddress, requirePrefix } from '../../src/ip/address-text.ts'
import type { Interface } from '../../src/ip/interface.ts'
import { networkOf, type Route, RouteTable } from '../../src/ip/routes.ts'
import { specialPrefixV4 } from '../../src/ip/special-prefixes.ts'

const a = { up: true, name: 'a' } as Interface
const b = { up: true, name: 'b' } as Interface
const alive = () => true

function route(prefix: string, iface: Interface, gateway: string | null = null, metric = 0): Route {
  const { address, length } = requirePrefix(prefix)
  const via = gateway === null ? null : requireAddress(gateway)
  return {
    destination: networkOf(address, length),
    prefixLength: length,
    gateway: via,
    iface,
    metric,
    connected: false,
  }
}

describe('routes', () => {
  it('IP-08, IP-19: the longest prefix wins, whatever the order of adding', () => {
    const routes = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', '10.1.2.4/31']
    for (const order of [routes, [...routes].reverse()]) {
      const table = new RouteTable(100)
      for (const prefix of order) table.add(route(prefix, a))
      const length = (text: string) => table.lookup(requireAddress(text), null, alive)?.prefixLength
      expect(['8.8.8.8', '10.9.9.9', '10.1.9.9', '10.1.2.9', '10.1.2.3', '10.1.2.5'].map(length)).toEqual([
        0, 8, 16, 24, 32, 31,
      ])
    }
  })

  it('IPv6 and IPv4 do not mix', () => {
    const table = new RouteTable(100)
    table.add(route('::/0', a))
    table.add(route('fd00:1::/32', b))
    expect(table.lookup(requireAddress('10.0.0.1'), null, alive)).toBe(null)
    expect(table.lookup(requireAddress('fd00:1::9'), null, alive)?.iface).toBe(b)
    expect(table.lookup(requireAddress('fd00:2::9'), null, alive)?.iface).toBe(a)
    expect(() => table.add(route('::/0', a, '10.0.0.1'))).toThrow(/one IP version/)
  })

  it('among equals the lower metric wins, then the older', () => {
    const table = new RouteTable(100)
    table.add(route('0.0.0.0/0', a, '10.0.0.1', 5))
    table.add(route('0.0.0.0/0', a, '10.0.0.2', 1))
    table.add(route('0.0.0.0/0', a, '10.0.0.3', 1))
    expect(table.list().map((entry) => (entry.gateway as IpAddress).a3 & 255)).toEqual([2, 3, 1])
  })

  it('IP-20, ND-16: a dead gateway is passed over while another lives; when all are dead the first is tried', () => {
    const table = new RouteTable(100)
    table.add(route('0.0.0.0/0', a, '10.0.0.1'))
    table.add(route('0.0.0.0/0', a, '10.0.0.2'))
    const choose = (dead: number[]): number => {
      const isAlive = (_: Interface, gateway: IpAddress) => !dead.includes(gateway.a3 & 255)
      const gateway = table.lookup(requireAddress('8.8.8.8'), null, isAlive)?.gateway ?? null
      return gateway === null ? -1 : gateway.a3 & 255
    }
    expect([choose([]), choose([1]), choose([2]), choose([1, 2])]).toEqual([1, 2, 1, 1])
  })

  it('interfaces that are down, or not asked for, are passed over', () => {
    const down = { up: false } as Interface
    const table = new RouteTable(100)
    table.add(route('10.0.0.0/24', down))
    table.add(route('10.0.0.0/16', a))
    table.add(route('0.0.0.0/0', b))
    expect(table.lookup(requireAddress('10.0.0.1'), null, alive)?.iface).toBe(a)
    expect(table.lookup(requireAddress('10.0.0.1'), b, alive)?.iface).toBe(b)
  })

  it('limits.routes holds', () => {
    const table = new RouteTable(2)
    table.add(route('10.0.0.0/24', a))
    table.add(route('fd00::/64', a))
    expect(() => table.add(route('10.0.1.0/24', a))).toThrow(expect.objectContaining({ code: 'ENOBUFS' }))
    expect(table.remove((entry) => entry.destination.isV4)).toBe(1)
    expect(table.size).toBe(1)
  })

  it('MART-01: special prefixes are known by name and flags', () => {
    const flags = (text: string) => {
      const entry = specialPrefixV4(requireAddress(text).a3)
      return entry && [entry.source, entry.destination, entry.forwardable, entry.global]
    }
    expect(flags('127.0.0.1')).toEqual([false, false, false, false])
    expect(flags('10.1.2.3')).toEqual([true, true, true, false])
    expect(flags('255.255.255.255')).toEqual([false, true, false, false])
    expect(flags('240.0.0.1')).toEqual([false, false, false, false])
    expect(flags('0.1.2.3')).toEqual([true, false, false, false])
    expect(flags('8.8.8.8')).toBe(null)
  })
})
