import * as nodeNet from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

/** Node has no word for what this version of it does not have: then there is nothing to compare. */
const has = (object: object, name: string): boolean => name in object

describe.each(tapwireWorlds)('$name, as Node: the module', (world) => {
  test('NM-07, NM-13, NM-14 functions and classes', () =>
    sameAsNode(world, ({ log }, net) => {
      const { connect, createConnection, Socket, Server, Stream } = net as typeof net & { Stream: unknown }
      log.note('module', 'aliases', connect === createConnection, Stream === Socket)
      const make = (Class: unknown) => (Class as () => object)()
      log.note('module', 'without new', make(Socket) instanceof Socket, make(Server) instanceof Server)
      log.note('module', 'names', Socket.name, Server.name)
    }))

  test('NM-08, NM-09 a missing target, and every kind of bad port', () =>
    sameAsNode(world, ({ log }, net) => {
      const targets: unknown[] = [
        {},
        { host: 'x' },
        { port: undefined },
        ...[
          -1,
          65_536,
          1.5,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          '',
          ' ',
          'x',
          '65536',
          '0x10000',
          '-1',
        ].map((port) => ({ port })),
        ...[true, null, {}, [], 1n, () => {}].map((port) => ({ port })),
      ]
      for (const [i, target] of targets.entries()) {
        const socket = new net.Socket()
        log.call('connect', `target ${i}`, () => net.connect(target as never))
        log.call('socket', `target ${i}`, () => socket.connect(target as never))
        log.note('socket', 'after it', socket.connecting, socket.pending, socket.readyState)
        socket.destroy()
      }
      for (const args of [[], [undefined], [null], [-1], [65_536], [true], [1.5]]) {
        log.call('connect', `connect(${args.map(String)})`, () =>
          (net.connect as (...args: unknown[]) => unknown)(...args),
        )
      }
    }))

  test('NM-10 isIP and its kin', () =>
    sameAsNode(world, ({ log }, net) => {
      const texts: unknown[] = [
        '1.2.3.4',
        '01.2.3.4',
        '1.2.3',
        '256.1.1.1',
        '::',
        '::1',
        '::ffff:1.2.3.4',
        'fe80::1%eth0',
        'fe80::1%',
      ]
      texts.push('1.2.3.4/8', '', ' ', null, undefined, 5, {}, '::g', '1::2::3', new String('::1'))
      for (const [i, text] of texts.entries()) {
        log.note(
          'isIP',
          `${i}`,
          net.isIP(text as string),
          net.isIPv4(text as string),
          net.isIPv6(text as string),
        )
      }
    }))

  test('NM-11, NM-12 the defaults of happy eyeballs', () =>
    sameAsNode(world, ({ log }, net) => {
      const timeout = net.getDefaultAutoSelectFamilyAttemptTimeout()
      log.note('module', 'initially', net.getDefaultAutoSelectFamily(), timeout)
      for (const value of [1, 9, 10, 11, 2 ** 31 - 1, 0, -1, 1.5, 2 ** 31, '5', null]) {
        log.call('timeout', `${value}`, () => net.setDefaultAutoSelectFamilyAttemptTimeout(value as number))
        log.note('timeout', 'is', net.getDefaultAutoSelectFamilyAttemptTimeout())
      }
      net.setDefaultAutoSelectFamilyAttemptTimeout(timeout)
      for (const value of [false, 1, 'x', null, undefined, true]) {
        log.call('family', `${value}`, () => net.setDefaultAutoSelectFamily(value as boolean))
        log.note('family', 'is', net.getDefaultAutoSelectFamily())
      }
    }))

  test('NM-15 what Node 24.19 and later have beside this is not there', () => {
    const late = ['BoundSocket']
    for (const name of late) expect(has(world.client, name), name).toBe(false)
    const names = Object.keys(nodeNet).filter((name) => !name.startsWith('_') && name !== 'default')
    expect(Object.keys(world.client)).toEqual(
      expect.arrayContaining(names.filter((name) => !late.includes(name))),
    )
  })
})

describe.each(tapwireWorlds)('$name, as Node: lists and addresses', (world) => {
  test("NB-01 to NB-03 BlockList is Node's own: rules, checks and errors", () =>
    sameAsNode(world, ({ log }, net) => {
      const list = new net.BlockList()
      const at = new net.SocketAddress({ address: '9.9.9.9' })
      const calls: [string, unknown[]][] = [
        ['addAddress', ['1.1.1.1']],
        ['addAddress', ['::2', 'ipv6']],
        ['addAddress', [at]],
        ['addAddress', ['x']],
        ['addAddress', ['1.1.1.1', 'ipv5']],
        ['addAddress', [5]],
        ['addRange', ['2.0.0.1', '2.0.0.9']],
        ['addRange', ['2.0.0.9', '2.0.0.1']],
        ['addRange', ['::10', '::20', 'ipv6']],
        ['addSubnet', ['10.0.0.0', 8]],
        ['addSubnet', ['2001:db8::', 32, 'ipv6']],
        ['addSubnet', ['10.0.0.0', 33]],
        ['addSubnet', ['::', 129, 'ipv6']],
        ['addSubnet', ['10.0.0.0', -1]],
        ['addSubnet', ['10.0.0.0', '8']],
      ]
      for (const [i, [method, args]] of calls.entries()) {
        log.call('list', `${method} ${i}`, () =>
          (list as never as Record<string, (...a: unknown[]) => unknown>)[method](...args),
        )
      }
      log.note('list', 'rules', list.rules)
      const asked: [string, ('ipv4' | 'ipv6')?][] = [
        ['1.1.1.1'],
        ['2.0.0.1'],
        ['2.0.0.9'],
        ['2.0.0.10'],
        ['10.200.1.1'],
        ['::ffff:10.1.1.1', 'ipv6'],
        ['2001:db8::5', 'ipv6'],
        ['::15', 'ipv6'],
        ['9.9.9.9'],
        ['nonsense'],
        ['8.8.8.8'],
      ]
      for (const [address, family] of asked) log.note('list', address, list.check(address, family))
    }))

  test('NB-04 the newer helpers of BlockList, where this Node has them', () =>
    sameAsNode(world, ({ log }, net) => {
      log.note('module', 'the same class', net.BlockList === nodeNet.BlockList)
      const { isBlockList } = net.BlockList as unknown as { isBlockList?(value: unknown): boolean }
      log.note(
        'module',
        'isBlockList',
        typeof isBlockList,
        isBlockList?.(new net.BlockList()),
        isBlockList?.({}),
      )
      const list = new net.BlockList() as nodeNet.BlockList & {
        toJSON?(): unknown
        fromJSON?(data: unknown): void
      }
      list.addAddress('1.2.3.4')
      log.note('module', 'toJSON', list.toJSON?.())
    }))

  test("NB-05 SocketAddress is Node's own", () =>
    sameAsNode(world, ({ log }, net) => {
      const given: unknown[] = [
        undefined,
        {},
        { family: 'ipv6' },
        { address: '1.2.3.4', port: 80 },
        { address: '::1', family: 'ipv6', port: 80, flowlabel: 5 },
        { port: 70_000 },
        { address: 'x' },
        { address: '::1' },
        { family: 'x' },
        { flowlabel: -1 },
        5,
      ]
      for (const [i, options] of given.entries()) {
        log.call('address', `of ${i}`, () => {
          const { address, family, port, flowlabel } = new net.SocketAddress(options as never)
          return [address.split(/[.:]/), family, port, flowlabel]
        })
      }
    }))

  test('NB-06 SocketAddress.parse, where this Node has it', () =>
    sameAsNode(world, ({ log }, net) => {
      const { parse } = net.SocketAddress as unknown as {
        parse?(text: string): nodeNet.SocketAddress | undefined
      }
      log.note('module', 'the same class', net.SocketAddress === nodeNet.SocketAddress, typeof parse)
      for (const text of ['1.2.3.4:80', '[::1]:80', '1.2.3.4', 'x', '1.2.3.4:99999'])
        log.note('parse', text, parse?.(text)?.port)
    }))
})
