import { ETHERNET_HEADER, Gso, RxChecksum, TransmitResult } from '@tapwire/stack'
import koffi from 'koffi'
import { afterEach, describe, expect, it } from 'vitest'
import { openTap, openTun, type TapDevice, type TapOptions } from '../src/index.ts'
import { type Child, inNetns, Recorder, runNode, whyNoKernel } from './kernel.ts'
import {
  ACK,
  arpReply,
  concat,
  ETHERTYPE_IPV4,
  ethernet,
  HOST_IP,
  icmpEcho,
  ipv4,
  isArpRequest,
  isIpv4,
  PSH,
  pseudoSum,
  read16,
  read32,
  STACK_IP,
  SYN,
  sum,
  tcp,
  u16,
  udp,
} from './packets.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`tests of the TAP driver against the kernel are skipped: ${reason}`)

const UDP = 17
const TCP = 6
const HOST = '10.77.0.1/24'

const children: Child[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill()
})

/** Opens a TAP in a fresh namespace with a recorder on it; `node` runs a program on the kernel's side. */
async function withTap(
  options: TapOptions,
  test: (tap: TapDevice, sink: Recorder, node: (code: string) => Child) => Promise<void>,
): Promise<void> {
  await inNetns(async (netns) => {
    const tap = await openTap({ netns, ...options })
    try {
      const sink = new Recorder()
      tap.attach(sink)
      await test(tap, sink, (code) => {
        const child = runNode(netns, code)
        children.push(child)
        return child
      })
    } finally {
      await tap.close()
    }
  })
}

/** Answers the kernel's question for the stack's address, and tells the kernel's own. */
async function answerArp(tap: TapDevice, sink: Recorder): Promise<Uint8Array> {
  const request = (await sink.frame(({ bytes }) => isArpRequest(bytes))).bytes
  expect(tap.transmit(sink.descriptor(arpReply(request)))).toBe(TransmitResult.Sent)
  return request.slice(6, 12)
}

const macBytes = (tap: TapDevice): Uint8Array =>
  Uint8Array.from(Buffer.from(tap.hostMac!.replaceAll(':', ''), 'hex'))

const UDP_SERVER = `const s = require('dgram').createSocket('udp4')
  s.on('message', (m, from) => console.log(m.length, m.toString('latin1').slice(0, 20), from.port))
  s.bind(9000, () => console.log('ready'))`

/** To the broadcast address: nothing has to be resolved. */
const datagramsToAll = (count: number, port = 9000): string =>
  `const s = require('dgram').createSocket('udp4')
  let left = ${count}
  const next = () => {
    if (left-- > 0) s.send('x', ${port}, '10.77.0.255', next)
    else s.close(() => console.log('sent'))
  }
  s.bind(() => { s.setBroadcast(true); next() })`

const isDatagramTo = (frame: Uint8Array, port: number): boolean =>
  read16(frame, 12) === ETHERTYPE_IPV4 && frame[23] === UDP && read16(frame, 36) === port

/** One `send` with UDP_SEGMENT, which Node has no name for. */
function sendSegmented(length: number, segment: number): void {
  const c = koffi.load(null)
  const fd = c.func('int socket(int, int, int)')(2, 2, 0) as number
  const option = new Uint8Array([segment & 255, segment >> 8, 0, 0])
  expect(c.func('int setsockopt(int, int, int, void *, int)')(fd, 17, 103, option, 4)).toBe(0)
  const target = concat(Uint8Array.of(2, 0), u16(7000), STACK_IP, new Uint8Array(8))
  expect(c.func('int connect(int, void *, int)')(fd, target, 16)).toBe(0)
  expect(c.func('long send(int, void *, size_t, int)')(fd, new Uint8Array(length), length, 0)).toBe(length)
  c.func('int close(int)')(fd)
}

describe.skipIf(reason !== null)('a TAP and the kernel', () => {
  it('gives the kernel its addresses, MTU and an interface that is up', async () => {
    const hostAddresses = [HOST, '10.78.0.1/30', 'fd77::1/64', 'fd78::1/128']
    await withTap({ name: 'wire7', hostAddresses, mtu: 1400 }, async (tap, _sink, node) => {
      expect(tap).toMatchObject({ name: 'wire7', mtu: 1400, medium: 'ethernet' })
      const seen = node(`console.log(JSON.stringify(require('os').networkInterfaces().wire7))`)
      const addresses = JSON.parse(await seen.line()) as { cidr: string; mac: string }[]
      expect(addresses.map(({ cidr }) => cidr)).toEqual(expect.arrayContaining(hostAddresses))
      expect(new Set(addresses.map(({ mac }) => mac))).toEqual(new Set([tap.hostMac]))
    })
  })

  it('tells the stack to make up a MAC address, or takes the one it is given, never the kernel’s', async () => {
    await withTap({}, async (tap) => {
      expect(tap.capabilities.mac).toBeNull()
      expect(tap.hostMac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
    })
    await withTap({ mac: '02:00:00:00:00:77' }, async (tap) => {
      expect(tap.capabilities.mac).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0x77))
      expect(tap.hostMac).not.toBe('02:00:00:00:00:77')
    })
  })

  for (const offload of [true, false]) {
    it(`receives a datagram the kernel sends, offload ${offload}`, async () => {
      await withTap({ hostAddresses: [HOST], offload }, async (tap, sink, node) => {
        node(`require('dgram').createSocket('udp4').send('hello wire', 7000, '10.77.0.2')`)
        await answerArp(tap, sink)
        const frame = await sink.frame(({ bytes }) => isIpv4(bytes, UDP))
        expect(Buffer.from(frame.bytes.subarray(42)).toString()).toBe('hello wire')
        expect(read16(frame.bytes, 36)).toBe(7000)
        expect(frame.gsoSize).toBe(0)
        const checksum = read16(frame.bytes, 40)
        const pseudo = sum(concat(HOST_IP, STACK_IP, u16(UDP), u16(18)))
        if (offload) {
          expect(frame.checksum).toBe(RxChecksum.Partial)
          expect(checksum).toBe(pseudo)
        } else {
          expect(frame.checksum).toBe(RxChecksum.Unverified)
          expect(sum(concat(frame.bytes.subarray(34), u16(pseudo)))).toBe(0xffff)
        }
        expect(sink.bursts).toBeGreaterThan(0)
        expect(tap.counters.rxFrames).toBe(sink.frames.length)
      })
    })

    it(`sends frames in one, two and three pieces, offload ${offload}`, async () => {
      await withTap({ hostAddresses: [HOST], offload }, async (tap, sink, node) => {
        const server = node(UDP_SERVER)
        expect(await server.line()).toBe('ready')
        const payload = Buffer.from('0123456789abcdefghij')
        const head = ethernet(
          macBytes(tap),
          ETHERTYPE_IPV4,
          concat(ipv4(UDP, 28), udp(5000, 9000, payload.length)),
        )
        const pieces: [Uint8Array, Uint8Array?, Uint8Array?][] = [
          [concat(head, payload)],
          [head, payload],
          [head, payload.subarray(0, 7), payload.subarray(7)],
        ]
        for (const piece of pieces) {
          expect(tap.transmit(sink.descriptor(...piece))).toBe(TransmitResult.Sent)
          expect(await server.line()).toBe('20 0123456789abcdefghij 5000')
        }
        const ring = sink.descriptor(head, payload, payload)
        // Pieces that touch in memory are joined: here the first two.
        ring.payloadOffset = sink.memory.allocate(64)
        sink.memory.copyIn(ring.payloadOffset, payload.subarray(0, 5))
        ring.payloadLength = 5
        ring.payload2Offset = ring.payloadOffset + 5
        sink.memory.copyIn(ring.payload2Offset, payload.subarray(5))
        ring.payload2Length = 15
        expect(tap.transmit(ring)).toBe(TransmitResult.Sent)
        expect(await server.line()).toBe('20 0123456789abcdefghij 5000')
        expect(tap.counters).toMatchObject({ txFrames: 4, txBytes: 4 * 62, txRefused: 0 })
      })
    })
  }

  it('lets the kernel complete a partial checksum', async () => {
    await withTap({ hostAddresses: [HOST] }, async (tap, sink, node) => {
      const server = node(UDP_SERVER)
      expect(await server.line()).toBe('ready')
      const header = udp(5000, 9000, 3)
      header.set(u16(pseudoSum(UDP, 11)), 6)
      const frame = sink.descriptor(
        ethernet(macBytes(tap), ETHERTYPE_IPV4, concat(ipv4(UDP, 11), header)),
        Buffer.from('abc'),
      )
      frame.checksumStart = 34
      frame.checksumOffset = 6
      expect(tap.transmit(frame)).toBe(TransmitResult.Sent)
      expect(await server.line()).toBe('3 abc 5000')
    })
  })

  it('has the kernel segment a UDP super-frame', async (context) => {
    await withTap({ hostAddresses: [HOST] }, async (tap, sink, node) => {
      if (!tap.capabilities.uso) context.skip('this kernel has no UDP segmentation offload (Linux 6.2)')
      const server = node(UDP_SERVER)
      expect(await server.line()).toBe('ready')
      const payload = Buffer.alloc(2500, 'x')
      const header = udp(5000, 9000, payload.length)
      header.set(u16(pseudoSum(UDP, 8 + payload.length)), 6)
      const frame = sink.descriptor(
        ethernet(macBytes(tap), ETHERTYPE_IPV4, concat(ipv4(UDP, 8 + payload.length), header)),
        payload,
      )
      frame.checksumStart = 34
      frame.checksumOffset = 6
      frame.gso = Gso.Udp
      frame.gsoSize = 1000
      expect(tap.transmit(frame)).toBe(TransmitResult.Sent)
      const sizes = [await server.line(), await server.line(), await server.line()].map(
        (line) => line.split(' ')[0],
      )
      expect(sizes).toEqual(['1000', '1000', '500'])
    })
  })

  it('receives UDP super-frames, as programs on the kernel’s side send them', async (context) => {
    await inNetns(async (netns) => {
      const tap = await openTap({ netns, hostAddresses: [HOST] })
      const sink = new Recorder()
      tap.attach(sink)
      try {
        if (!tap.capabilities.uso) context.skip('this kernel has no UDP segmentation offload (Linux 6.2)')
        netns.run(() => sendSegmented(2500, 1000))
        await answerArp(tap, sink)
        const frame = await sink.frame(({ bytes }) => isIpv4(bytes, UDP))
        expect(frame).toMatchObject({ gsoSize: 1000, checksum: RxChecksum.Partial })
        expect(frame.bytes.length).toBe(42 + 2500)
      } finally {
        await tap.close()
      }
    })
  })

  it('exchanges TCP super-frames with the kernel, both ways', async () => {
    await withTap({ hostAddresses: [HOST] }, async (tap, sink, node) => {
      const client = node(`let got = 0
        const s = require('net').connect(80, '10.77.0.2', () => s.write(Buffer.alloc(12000, 'u')))
        s.on('data', (d) => { got += d.length; if (got === 9000) console.log('got', got) })`)
      const mac = await answerArp(tap, sink)
      const syn = (await sink.frame(({ bytes }) => isIpv4(bytes, TCP))).bytes
      const ports: [number, number] = [80, read16(syn, 34)]
      const send = (
        numbers: [number, number],
        flags: number,
        options = new Uint8Array(0),
        payload = new Uint8Array(0),
      ) => {
        const header = tcp(ports, numbers, flags, options)
        const length = header.length + payload.length
        header.set(u16(pseudoSum(TCP, length)), 16)
        const head = ethernet(mac, ETHERTYPE_IPV4, concat(ipv4(TCP, length), header))
        const frame = sink.descriptor(head, payload)
        frame.checksumStart = 34
        frame.checksumOffset = 16
        if (payload.length > 1460) {
          frame.gso = Gso.TcpV4
          frame.gsoSize = 1460
        }
        expect(tap.transmit(frame)).toBe(TransmitResult.Sent)
      }
      const next = read32(syn, 38) + 1
      send([1000, next], SYN | ACK, Uint8Array.of(2, 4, 0x05, 0xb4))
      const upload = await sink.frame(({ bytes }) => isIpv4(bytes, TCP) && bytes.length > 1514)
      expect(upload.gsoSize).toBe(1460)
      expect(upload.checksum).toBe(RxChecksum.Partial)
      expect(upload.bytes.length).toBeGreaterThan(tap.mtu + ETHERNET_HEADER)
      const received = upload.bytes.length - 54
      send([1001, next + received], ACK | PSH, undefined, new Uint8Array(9000).fill(0x64))
      expect(await client.line()).toBe('got 9000')
      expect(tap.counters.rxDropped).toBe(0)
    })
  })

  it('refuses frames that are too long for it, and sends the longest that is not', async () => {
    await withTap({ hostAddresses: [HOST] }, async (tap, sink) => {
      const head = ethernet(macBytes(tap), ETHERTYPE_IPV4, new Uint8Array(0))
      expect(tap.transmit(sink.descriptor(head, new Uint8Array(1501)))).toBe(TransmitResult.Refused)
      expect(tap.transmit(sink.descriptor(head, new Uint8Array(1500)))).toBe(TransmitResult.Sent)
      const big = sink.descriptor(head, new Uint8Array(65536))
      big.gso = Gso.TcpV4
      big.gsoSize = 1460
      expect(tap.transmit(big)).toBe(TransmitResult.Refused)
      expect(tap.counters).toMatchObject({ txRefused: 2, txFrames: 1 })
    })
  })

  /** So many datagrams, sent before anybody reads. @returns how many are there then */
  async function waiting(options: TapOptions, sent: number): Promise<number> {
    return inNetns(async (netns) => {
      const tap = await openTap({ netns, hostAddresses: [HOST], ...options })
      const child = runNode(netns, datagramsToAll(sent))
      children.push(child)
      expect(await child.line()).toBe('sent')
      const sink = new Recorder()
      tap.attach(sink)
      // What is sent now waits behind all that was sent before, until there is room for it.
      const last = runNode(netns, datagramsToAll(1, 9001))
      children.push(last)
      await sink.frame(({ bytes }) => isDatagramTo(bytes, 9001))
      await tap.close()
      return sink.frames.filter(({ bytes }) => isDatagramTo(bytes, 9000)).length
    })
  }

  it('has 2,000 frames wait for their reader, and drops none', async () => {
    expect(await waiting({}, 2000)).toBe(2000)
  })

  it('has as many frames wait as it is told', async () => {
    const kept = await waiting({ queueLength: 20 }, 2000)
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThanOrEqual(20)
  })

  for (const offload of [true, false]) {
    it(`carries bare IP packets as a TUN, offload ${offload}`, async () => {
      await inNetns(async (netns) => {
        const tun = await openTun({ netns, hostAddresses: [HOST, 'fd77::1/64'], offload })
        const sink = new Recorder()
        tun.attach(sink)
        expect(tun).toMatchObject({ medium: 'ip', hostMac: null, name: 'tun0', mtu: 1500 })
        const echo = icmpEcho(Buffer.from('are you there?'))
        expect(tun.transmit(sink.descriptor(concat(ipv4(1, echo.length), echo)))).toBe(TransmitResult.Sent)
        const reply = await sink.frame(({ bytes }) => bytes[0] === 0x45 && bytes[9] === 1)
        expect(reply.bytes[20]).toBe(0)
        expect(Buffer.from(reply.bytes.subarray(28)).toString()).toBe('are you there?')
        await tun.close()
      })
    })
  }
})
