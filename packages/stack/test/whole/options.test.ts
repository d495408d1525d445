import { describe, expect, it } from 'vitest'
import {
  createCable,
  formatAddress,
  type InterfaceSettings,
  parseAddress,
  SeededRandom,
  Stack,
  type StackOptions,
  VirtualClock,
} from '../../src/index.ts'
import type { RoutedPath } from '../../src/ip/routed-path.ts'

function stack(options: StackOptions = {}): Stack {
  return new Stack({ clock: new VirtualClock(), random: new SeededRandom(1), ...options })
}

function cabled(settings: InterfaceSettings, options: StackOptions = {}): Stack {
  const clock = new VirtualClock()
  const made = stack({ clock, ...options })
  made.addInterface(createCable({ clock })[0], settings)
  return made
}

const refused = (name: string) =>
  expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', message: expect.stringContaining(`'${name}'`) })

describe('an option that there is not is refused by its name', () => {
  it.each<[string, () => unknown]>([
    ['clok', () => new Stack({ clok: new VirtualClock() } as StackOptions)],
    ['toString', () => new Stack({ toString: () => '' } as StackOptions)],
    ['nagle', () => stack({ tcp: { nagle: false } as NonNullable<StackOptions['tcp']> })],
    ['conections', () => stack({ limits: { conections: 3 } as NonNullable<StackOptions['limits']> })],
    ['gatway', () => cabled({ gatway: '10.0.0.1' } as InterfaceSettings)],
  ])('%s', (name, make) => {
    expect(make).toThrow(refused(name))
  })

  it('the message tells what there is', () => {
    expect(() => stack({ tcp: { windowscaling: true } as object })).toThrow(
      /windowScaling, timestamps|windowScaling/,
    )
  })

  it.each([null, 5, 'fast'])('options that are %j and no object', (value) => {
    expect(() => new Stack(value as unknown as StackOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  it('an interface that is refused leaves the device free', () => {
    const clock = new VirtualClock()
    const made = stack({ clock })
    const [device] = createCable({ clock })
    expect(() => made.addInterface(device, { gatway: '1' } as InterfaceSettings)).toThrow(refused('gatway'))
    expect(made.addInterface(device, { addresses: ['10.0.0.2/24'] }).up).toBe(true)
  })
})

describe('stableSecret', () => {
  const linkLocal = (stableSecret: Uint8Array, seed: number): string => {
    const made = cabled(
      { name: 'eth0', mac: '02:00:00:00:00:01' },
      { stableSecret, random: new SeededRandom(seed) },
    )
    const own = made.interfaces[1].addresses.find(({ address }) => address.isLinkLocal)
    return formatAddress(own!.address)
  }
  const secret = Uint8Array.from({ length: 16 }, (_, i) => i)

  it('SL-10 keeps the link-local address over restarts, and another secret makes another', () => {
    expect(linkLocal(secret, 1)).toBe(linkLocal(secret, 2))
    expect(linkLocal(secret, 1)).toMatch(/^fe80::/)
    for (const at of [0, 7, 15]) {
      expect(linkLocal(secret.with(at, 99), 1)).not.toBe(linkLocal(secret, 1))
    }
  })

  it.each([new Uint8Array(15), new Uint8Array(17), 'sixteen letters!' as unknown as Uint8Array])(
    'needs 16 bytes, and not %j',
    (stableSecret) => {
      expect(() => stack({ stableSecret })).toThrow(refused('stableSecret'))
    },
  )
})

describe('acceptRedirects', () => {
  it('is on by default, and reaches the routes when it is off', () => {
    expect(stack().ip.router.acceptRedirects).toBe(true)
    expect(stack({ acceptRedirects: false }).ip.router.acceptRedirects).toBe(false)
  })
})

describe('a gateway with a zone', () => {
  const nextHop = (made: Stack): string => {
    const path = made.ip.path(parseAddress('2001:db8::1')!, null)
    return typeof path === 'string' ? path : formatAddress((path as RoutedPath).nextHop)
  }

  it.each<[string, InterfaceSettings]>([
    ['the name given', { name: 'lan', gateway: 'fe80::1%lan' }],
    ['the default name', { gateway: ['fe80::1%eth0'] }],
    ['no zone, as before', { gateway: 'fe80::1' }],
  ])('%s', (_, settings) => {
    expect(nextHop(cabled({ ...settings, addresses: ['fd00::2/64'] }))).toBe('fe80::1')
  })

  it.each(['fe80::1%eth1', 'fe80::1%', 'fd00::1%eth0', '10.0.0.1%eth0', 'fe80::1%lo'])(
    '%s is refused',
    (gateway) => {
      expect(() => cabled({ addresses: ['10.0.0.2/24', 'fd00::2/64'], gateway })).toThrow(refused(gateway))
    },
  )
})
