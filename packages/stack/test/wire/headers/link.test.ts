import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as arp from '../../../src/wire/arp.ts'
import * as ethernet from '../../../src/wire/ethernet.ts'
import * as packet from '../../../src/wire/packet.ts'
import * as any from '../arbitraries.ts'
import { AT, placed, words, wrote } from './placed.ts'

describe('Ethernet', () => {
  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(any.ethernetFrame, (frame) => {
        const bytes = packet.buildEthernet(frame)
        const view = placed(bytes)
        const fields = [
          ethernet.ethernetDestinationHigh(view, AT),
          ethernet.ethernetDestinationLow(view, AT),
          ethernet.ethernetSourceHigh(view, AT),
          ethernet.ethernetSourceLow(view, AT),
          ethernet.ethernetType(view, AT),
        ] as const
        expect([ethernet.macHigh(view, AT), ethernet.macLow(view, AT)]).toEqual(fields.slice(0, 2))
        expect(fields[4]).toBe(frame.type)
        expect(wrote(14, (target) => ethernet.writeEthernetHeader(target, AT, ...fields))).toEqual(
          bytes.slice(0, 14),
        )
        expect(wrote(6, (target) => ethernet.writeMac(target, AT, fields[0], fields[1]))).toEqual(
          frame.destination,
        )
        expect(ethernet.isGroupMac(fields[0])).toBe((frame.destination[0] & 1) === 1)
      }),
    )
  })

  it('ETH-03 a length in place of the type, a short frame and a group source are refused', () => {
    const check = (type: number, first = 2, length = 14) => {
      const bytes = packet.buildEthernet({
        destination: new Uint8Array(6),
        source: Uint8Array.of(first, 0, 0, 0, 0, 1),
        type,
      })
      return ethernet.checkEthernetHeader(placed(bytes), AT, length)
    }
    expect(check(0x0800)).toBe(ethernet.EthernetCheck.Ok)
    expect(check(1501)).toBe(ethernet.EthernetCheck.Ok)
    expect(check(1500)).toBe(ethernet.EthernetCheck.Length8023)
    expect(check(0x0800, 3)).toBe(ethernet.EthernetCheck.GroupSource)
    expect(check(0x0800, 2, 13)).toBe(ethernet.EthernetCheck.Short)
  })
})

describe('ARP', () => {
  const good: packet.ArpFields = {
    operation: 1,
    senderMac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    senderIp: Uint8Array.of(10, 0, 0, 1),
    targetMac: new Uint8Array(6),
    targetIp: Uint8Array.of(10, 0, 0, 2),
  }

  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(
        any.u16,
        any.mac,
        any.ip4,
        any.mac,
        any.ip4,
        (operation, senderMac, senderIp, targetMac, targetIp) => {
          const bytes = packet.buildArp({ operation, senderMac, senderIp, targetMac, targetIp })
          const view = placed(bytes)
          const fields = [
            arp.arpOperation(view, AT),
            arp.arpSenderMacHigh(view, AT),
            arp.arpSenderMacLow(view, AT),
            arp.arpSenderIp(view, AT),
            arp.arpTargetMacHigh(view, AT),
            arp.arpTargetMacLow(view, AT),
            arp.arpTargetIp(view, AT),
          ] as const
          expect([fields[3], fields[6]]).toEqual([...words(senderIp), ...words(targetIp)])
          expect(wrote(28, (target) => arp.writeArp(target, AT, ...fields))).toEqual(bytes)
        },
      ),
    )
  })

  it.each([
    [{}, arp.ArpCheck.Ok],
    [{ operation: 2 }, arp.ArpCheck.Ok],
    [{ hardwareType: 6 }, arp.ArpCheck.Kind],
    [{ protocolType: 0x86dd }, arp.ArpCheck.Kind],
    [{ hardwareLength: 8 }, arp.ArpCheck.Kind],
    [{ protocolLength: 16 }, arp.ArpCheck.Kind],
    [{ operation: 3 }, arp.ArpCheck.Operation],
    [{ operation: 0 }, arp.ArpCheck.Operation],
  ])('ARP-01 kinds, lengths and operation: %o gives %d', (change, reason) => {
    expect(arp.checkArp(placed(packet.buildArp({ ...good, ...change })), AT, 28)).toBe(reason)
  })

  it('ARP-01 28 bytes are needed', () => {
    expect(arp.checkArp(placed(packet.buildArp(good)), AT, 27)).toBe(arp.ArpCheck.Short)
    expect(arp.checkArp(placed(packet.buildArp(good)), AT, 46)).toBe(arp.ArpCheck.Ok)
  })

  it('ARP-08 a broadcast or multicast sender is refused', () => {
    for (const first of [0xff, 0x01, 0x33]) {
      const senderMac = Uint8Array.of(first, 255, 255, 255, 255, 255)
      expect(arp.checkArp(placed(packet.buildArp({ ...good, senderMac })), AT, 28)).toBe(
        arp.ArpCheck.GroupSender,
      )
    }
  })
})
