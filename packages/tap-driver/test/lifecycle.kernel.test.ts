import { readlinkSync } from 'node:fs'
import { TransmitResult } from '@tapwire/stack'
import { afterEach, describe, expect, it } from 'vitest'
import { deleteLink, readLink, setUp } from '../src/host-config.ts'
import { type Netns, openTap, openTun, runInNetns, type TapDevice, TapError } from '../src/index.ts'
import { libc, O_CLOEXEC, O_RDWR } from '../src/libc.ts'
import { withNetlink } from '../src/netlink-socket.ts'
import {
  encodeIfreq,
  IFF_MULTI_QUEUE,
  IFF_NO_PI,
  IFF_TAP,
  IFF_VNET_HDR,
  TUNSETIFF,
  TUNSETPERSIST,
} from '../src/tun-ioctl.ts'
import { inNetns, openFds, Recorder, whyNoKernel } from './kernel.ts'
import { ETHERTYPE_IPV4, ethernet } from './packets.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`tests of the TAP driver's life are skipped: ${reason}`)

const HOST = '10.77.0.1/24'
const home = () => readlinkSync('/proc/thread-self/ns/net')
const link = (netns: Netns, name: string) => netns.run(() => withNetlink((socket) => readLink(socket, name)))
const remove = (netns: Netns, tap: TapDevice) =>
  netns.run(() => withNetlink((s) => deleteLink(s, tap.hostIndex)))
const setLink = (netns: Netns, index: number, up: boolean) =>
  netns.run(() => withNetlink((socket) => setUp(socket, index, up)))

/** What `ip tuntap add` does. */
function makePersistent(netns: Netns, name: string, flags: number): void {
  netns.run(() => {
    const c = libc()
    const fd = c.open('/dev/net/tun', O_RDWR | O_CLOEXEC, 0)
    expect(c.ioctl(fd, TUNSETIFF, encodeIfreq(name, flags))).toBe(0)
    expect(c.ioctlValue(fd, TUNSETPERSIST, 1)).toBe(0)
    c.close(fd)
  })
}

const closed = (device: TapDevice) => new Promise<Error | null>((resolve) => device.once('close', resolve))
const aFrame = (sink: Recorder) =>
  sink.descriptor(ethernet(new Uint8Array(6).fill(0xff), ETHERTYPE_IPV4, new Uint8Array(40)))

let fdsBefore = 0
let homeBefore = ''

describe.skipIf(reason !== null)('the life of a device', () => {
  afterEach(() => {
    expect(home()).toBe(homeBefore)
    expect(openFds()).toBe(fdsBefore)
  })

  const life = (title: string, test: (netns: Netns) => Promise<void>) =>
    it(title, async () => {
      // The first device starts libuv's machinery for good; it is not this test's to give back.
      if (fdsBefore === 0) await inNetns(async (netns) => void (await openTap({ netns })).close())
      fdsBefore = openFds()
      homeBefore = home()
      await inNetns(test)
    })

  life(
    'removes its interface, its descriptors and its memory on close, which can be called again',
    async (netns) => {
      for (let round = 0; round < 5; round++) {
        const tap = await openTap({ netns, name: 'gone0', hostAddresses: [HOST] })
        const sink = new Recorder()
        const events: (Error | null)[] = []
        tap.on('close', (error) => events.push(error))
        tap.attach(sink)
        expect(sink.memory.allocated).toBeGreaterThan(65536)
        expect(link(netns, 'gone0')).toMatchObject({ index: tap.hostIndex, up: true })
        await tap.close()
        await tap.close()
        expect(link(netns, 'gone0')).toBeNull()
        expect(sink.memory.allocated).toBe(0)
        expect(sink.closings).toEqual([null])
        expect(events).toEqual([null])
        expect(tap.transmit(aFrame(sink))).toBe(TransmitResult.Refused)
        expect(() => tap.attach(new Recorder())).toThrow(/closed/)
      }
    },
  )

  life('can be closed before it was attached, and attached only once', async (netns) => {
    await (await openTap({ netns })).close()
    const tap = await openTap({ netns })
    tap.attach(new Recorder())
    expect(() => tap.attach(new Recorder())).toThrow(/attached already/)
    await tap.close()
  })

  life('can be closed from inside a frame it delivers', async (netns) => {
    const tap = await openTap({ netns, hostAddresses: ['fd77::1/64'] })
    const sink = new Recorder()
    sink.onFrameHook = () => {
      void tap.close()
      // The frame's bytes stay the sink's until onFrame returns.
      expect(sink.memory.allocated).toBeGreaterThan(0)
    }
    const end = closed(tap)
    tap.attach(sink)
    expect(await end).toBeNull()
    await new Promise(setImmediate)
    expect(sink.frames).toHaveLength(1)
    expect(sink.bursts).toBe(0)
    expect(sink.memory.allocated).toBe(0)
  })

  life('closes with an error, once, when its interface is deleted', async (netns) => {
    const tap = await openTap({ netns, hostAddresses: [HOST] })
    const sink = new Recorder()
    tap.attach(sink)
    const errors: Error[] = []
    tap.on('error', (error) => errors.push(error))
    const end = closed(tap)
    remove(netns, tap)
    const error = await end
    expect(error).toMatchObject({ code: 'ENETDOWN', message: expect.stringContaining(`${tap.name} is gone`) })
    expect(sink.closings).toEqual([error])
    expect(errors).toEqual([error])
    expect(tap.isOpen).toBe(false)
    expect(sink.memory.allocated).toBe(0)
    await tap.close()
    expect(sink.closings).toHaveLength(1)
  })

  life('notices the deletion when sending, and calls nobody back from inside transmit', async (netns) => {
    const tap = await openTap({ netns, hostAddresses: [HOST] })
    const sink = new Recorder()
    tap.attach(sink)
    remove(netns, tap)
    expect(tap.transmit(aFrame(sink))).toBe(TransmitResult.Refused)
    expect(sink.closings).toEqual([])
    // Nobody listens for 'error': that must not end the process.
    expect(await closed(tap)).toMatchObject({ code: 'ENETDOWN' })
    expect(sink.closings).toHaveLength(1)
  })

  life('loses frames while the kernel has the interface down, and goes on when it is up', async (netns) => {
    const tap = await openTap({ netns, hostAddresses: [HOST] })
    const sink = new Recorder()
    tap.attach(sink)
    setLink(netns, tap.hostIndex, false)
    expect(tap.transmit(aFrame(sink))).toBe(TransmitResult.Sent)
    expect(tap.counters).toMatchObject({ txDropped: 1, txFrames: 0 })
    setLink(netns, tap.hostIndex, true)
    expect(tap.transmit(aFrame(sink))).toBe(TransmitResult.Sent)
    expect(tap.counters).toMatchObject({ txDropped: 1, txFrames: 1 })
    await tap.close()
  })

  for (const [kind, flags] of [
    ['without', IFF_TAP | IFF_NO_PI],
    ['with', IFF_TAP | IFF_NO_PI | IFF_VNET_HDR],
  ] as const) {
    for (const offload of [true, false]) {
      life(
        `attaches to a persistent TAP made ${kind} vnet_hdr, offload ${offload}, and leaves it as it was`,
        async (netns) => {
          makePersistent(netns, 'bench0', flags)
          const before = link(netns, 'bench0')
          expect(before).toMatchObject({ up: false })
          const tap = await openTap({ netns, name: 'bench0', offload })
          expect(tap.hostIndex).toBe(before!.index)
          expect(tap.capabilities.tso4).toBe(offload)
          expect(link(netns, 'bench0')).toEqual(before)
          setLink(netns, tap.hostIndex, true)
          const sink = new Recorder()
          tap.attach(sink)
          await sink.frame(({ bytes }) => bytes[12] === 0x86 && bytes[13] === 0xdd)
          await tap.close()
          expect(link(netns, 'bench0')).toEqual({ ...before, up: true })
        },
      )
    }
  }

  life('brings an existing interface up when it is given addresses', async (netns) => {
    makePersistent(netns, 'bench0', IFF_TAP | IFF_NO_PI)
    const tap = await openTap({ netns, name: 'bench0', hostAddresses: [HOST], mtu: 1300 })
    expect(link(netns, 'bench0')).toMatchObject({ up: true, mtu: 1300 })
    await tap.close()
    // The addresses are there already: adding them again is no error.
    await (await openTap({ netns, name: 'bench0', hostAddresses: [HOST] })).close()
  })

  life('opens several queues of one interface', async (netns) => {
    const first = await openTap({ netns, name: 'many0', queues: 2, hostAddresses: [HOST] })
    const second = await openTap({ netns, name: 'many0', queues: 2 })
    expect(second.hostIndex).toBe(first.hostIndex)
    await expect(openTap({ netns, name: 'many0' })).rejects.toMatchObject({ code: 'EEXIST' })
    await first.close()
    expect(link(netns, 'many0')).not.toBeNull()
    await second.close()
    expect(link(netns, 'many0')).toBeNull()
    makePersistent(netns, 'many1', IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE)
    await expect(openTap({ netns, name: 'many1' })).rejects.toThrow(/queues: 2/)
  })

  life('says what is wrong with a name, and leaves nothing behind', async (netns) => {
    const tap = await openTap({ netns, name: 'taken0' })
    const refusals: [Promise<unknown>, string, RegExp][] = [
      [openTap({ netns, name: 'taken0' }), 'EBUSY', /taken0 is in use .* choose another name/],
      [openTap({ netns, name: 'lo' }), 'EEXIST', /lo is taken/],
      [openTun({ netns, name: 'taken0' }), 'EEXIST', /no TUN/],
      [
        openTap({ netns: 'no-such-namespace' }),
        'ENOENT',
        /no network namespace \/run\/netns\/no-such-namespace/,
      ],
      [openTap({ netns: '/etc/hostname' }), 'EINVAL', /\/etc\/hostname is not a network namespace/],
      [openTap({ netns, mac: tap.hostMac!, name: 'taken0' }), 'EBUSY', /in use/],
    ]
    for (const [attempt, code, message] of refusals) {
      const error = await attempt.catch((e: unknown) => e)
      expect(error).toBeInstanceOf(TapError)
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    }
    await tap.close()
  })

  life('undoes everything when a later step fails', async (netns) => {
    const disabled = "require('fs').writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1')"
    await new Promise((resolve) => netns.spawn(process.execPath, ['-e', disabled]).on('close', resolve))
    await expect(openTap({ netns, name: 'half0', hostAddresses: [HOST, 'fd77::1/64'] })).rejects.toThrow(
      /fd77::1\/64 could not be given .*IPv6 seems to be disabled/,
    )
    expect(link(netns, 'half0')).toBeNull()
  })

  life('refuses to give the stack the kernel’s own address', async (netns) => {
    makePersistent(netns, 'same0', IFF_TAP | IFF_NO_PI)
    const mac = Array.from(link(netns, 'same0')!.mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')
    await expect(openTap({ netns, name: 'same0', mac })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })

  life('runs a function inside a namespace and comes back, also when it throws', async (netns) => {
    const inside = netns.run(home)
    expect(inside).not.toBe(homeBefore)
    expect(runInNetns(netns.path, home)).toBe(inside)
    expect(() =>
      netns.run(() => {
        throw new Error('inside')
      }),
    ).toThrow('inside')
    expect(() => netns.run(async () => 1)).toThrow(/must not be asynchronous/)
    expect(home()).toBe(homeBefore)
  })
})
