import { describe, expect, it } from 'vitest'
import { openTap, openTun, type TapOptions } from '../src/index.ts'
import { checkOptions, formatMac, netnsPath } from '../src/options.ts'

describe('the options of a device', () => {
  it('have defaults for everything', () => {
    expect(checkOptions('ethernet', {})).toEqual({
      medium: 'ethernet',
      name: null,
      mtu: null,
      mac: null,
      hostAddresses: [],
      netns: null,
      offload: true,
      gro: false,
      multiQueue: false,
      queueLength: null,
    })
  })

  it('that there are not are refused by their name', () => {
    const misspelt = { hostAdresses: ['10.77.0.1/24'] } as TapOptions
    expect(() => checkOptions('ethernet', misspelt)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringMatching(/'hostAdresses'.*hostAddresses/),
      }),
    )
  })

  it('are read', () => {
    const checked = checkOptions('ethernet', {
      name: 'fifteen-letters',
      mtu: 65521,
      mac: '02:00:5E:00:00:Af',
      hostAddresses: ['10.77.0.1/24', 'fd77::1/64'],
      netns: 'lab',
      offload: false,
      queues: 4,
      queueLength: 500,
    })
    expect(checked).toMatchObject({
      name: 'fifteen-letters',
      mtu: 65521,
      netns: '/run/netns/lab',
      offload: false,
      multiQueue: true,
      queueLength: 500,
    })
    expect(formatMac(checked.mac!)).toBe('02:00:5e:00:00:af')
    expect(
      checked.hostAddresses.map(({ text, prefixLength, address }) => [text, prefixLength, address.isV4]),
    ).toEqual([
      ['10.77.0.1/24', 24, true],
      ['fd77::1/64', 64, false],
    ])
    expect(checkOptions('ip', { mtu: 65535 }).mtu).toBe(65535)
    expect(netnsPath('/proc/1/ns/net')).toBe('/proc/1/ns/net')
    expect(netnsPath({ path: '/proc/1/fd/9' })).toBe('/proc/1/fd/9')
  })

  const wrong: [string, TapOptions, string][] = [
    ['an empty name', { name: '' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name of 16 bytes', { name: 'x'.repeat(16) }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with a slash', { name: 'tap/0' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with a space', { name: 'tap 0' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with a pattern', { name: 'tap%d' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with a zero byte', { name: 'tap\0' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name beyond ASCII', { name: 'täp0' }, 'ERR_INVALID_ARG_VALUE'],
    ['the name ..', { name: '..' }, 'ERR_INVALID_ARG_VALUE'],
    ['a name that is a number', { name: 7 as never }, 'ERR_INVALID_ARG_TYPE'],
    ['an MTU below 68', { mtu: 67 }, 'ERR_OUT_OF_RANGE'],
    ['an MTU above 65521', { mtu: 65522 }, 'ERR_OUT_OF_RANGE'],
    ['half an MTU', { mtu: 1400.5 }, 'ERR_OUT_OF_RANGE'],
    ['an MTU that is text', { mtu: '1500' as never }, 'ERR_INVALID_ARG_TYPE'],
    ['an MTU below 1280 with IPv6', { mtu: 1279, hostAddresses: ['fd77::1/64'] }, 'ERR_OUT_OF_RANGE'],
    ['a short MAC address', { mac: '02:00:00:00:00' }, 'ERR_INVALID_ARG_VALUE'],
    ['a multicast MAC address', { mac: '01:00:00:00:00:01' }, 'ERR_INVALID_ARG_VALUE'],
    ['a zero MAC address', { mac: '00:00:00:00:00:00' }, 'ERR_INVALID_ARG_VALUE'],
    ['a MAC address that is bytes', { mac: new Uint8Array(6) as never }, 'ERR_INVALID_ARG_TYPE'],
    ['an address without prefix length', { hostAddresses: ['10.77.0.1'] }, 'ERR_INVALID_ARG_VALUE'],
    ['an IPv4 prefix length of 33', { hostAddresses: ['10.77.0.1/33'] }, 'ERR_INVALID_ARG_VALUE'],
    ['an IPv6 prefix length of 129', { hostAddresses: ['fd77::1/129'] }, 'ERR_INVALID_ARG_VALUE'],
    ['a multicast address', { hostAddresses: ['224.0.0.1/24'] }, 'ERR_INVALID_ARG_VALUE'],
    ['an unspecified address', { hostAddresses: ['::/64'] }, 'ERR_INVALID_ARG_VALUE'],
    ['an address that is none', { hostAddresses: ['10.77.0/24'] }, 'ERR_INVALID_ARG_VALUE'],
    ['addresses that are no list', { hostAddresses: '10.77.0.1/24' as never }, 'ERR_INVALID_ARG_TYPE'],
    ['a namespace with a slash inside', { netns: 'a/b' }, 'ERR_INVALID_ARG_VALUE'],
    ['the namespace ..', { netns: '..' }, 'ERR_INVALID_ARG_VALUE'],
    ['a namespace that is a number', { netns: 1 as never }, 'ERR_INVALID_ARG_TYPE'],
    ['an offload that is text', { offload: 'yes' as never }, 'ERR_INVALID_ARG_TYPE'],
    ['merging of super-frames', { gro: true }, 'ERR_INVALID_ARG_VALUE'],
    ['merging for several queues', { gro: true, offload: false, queues: 2 }, 'ERR_INVALID_ARG_VALUE'],
    ['merging that is text', { gro: 'yes' as never, offload: false }, 'ERR_INVALID_ARG_TYPE'],
    ['no queue', { queues: 0 }, 'ERR_OUT_OF_RANGE'],
    ['257 queues', { queues: 257 }, 'ERR_OUT_OF_RANGE'],
    ['no room in the queue', { queueLength: 0 }, 'ERR_OUT_OF_RANGE'],
    ['a queue beyond bounds', { queueLength: 100_001 }, 'ERR_OUT_OF_RANGE'],
    ['a queue of words', { queueLength: '10' as never }, 'ERR_INVALID_ARG_TYPE'],
    ['no options at all', null as never, 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [what, options, code] of wrong) {
    it(`refuse ${what}`, async () => {
      await expect(openTap(options)).rejects.toMatchObject({ name: 'TapwireError', code })
    })
  }

  it('refuse a MAC address for a TUN', async () => {
    await expect(openTun({ mac: '02:00:00:00:00:01' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })
})
