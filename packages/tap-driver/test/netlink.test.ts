import { describe, expect, it } from 'vitest'
import {
  findAttribute,
  IFLA_IFNAME,
  IFLA_MTU,
  isAcknowledgement,
  NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_REPLACE,
  parseReplies,
  RTM_GETLINK,
  RTM_NEWADDR,
} from '../src/netlink.ts'
import { encodeIfreq, ifreqFlags, ifreqName } from '../src/tun-ioctl.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('netlink messages', () => {
  it('ask for a link by name', () => {
    const message = new NetlinkMessage(RTM_GETLINK, 0, 7)
      .link(0, 0, 0)
      .attributeText(IFLA_IFNAME, 'tap0')
      .finish()
    const header = '2c000000' + '1200' + '0500' + '07000000' + '00000000'
    const ifinfomsg = '00'.repeat(16)
    expect(hex(message)).toBe(`${header}${ifinfomsg}0900030074617030${'00'.repeat(4)}`)
  })

  it('give an address', () => {
    const message = new NetlinkMessage(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, 1)
      .address(2, 24, 0, 5)
      .attribute(2, Uint8Array.of(10, 77, 0, 1))
      .finish()
    expect(hex(message)).toBe(
      '20000000140005050100000000000000' + '02180000' + '05000000' + '080002000a4d0001',
    )
  })

  it('grow, and keep their attributes aligned', () => {
    const message = new NetlinkMessage(RTM_GETLINK, 0, 1)
      .link(1, 0, 0)
      .attribute(9, new Uint8Array(301).fill(7))
      .attributeUint32(IFLA_MTU, 0x01020304)
      .finish()
    expect(message.length).toBe(16 + 16 + 308 + 8)
    expect(findAttribute(message, 32, 9)).toEqual(new Uint8Array(301).fill(7))
    expect(hex(findAttribute(message, 32, IFLA_MTU)!)).toBe('04030201')
    expect(findAttribute(message, 32, 99)).toBeNull()
  })

  it('are taken apart', () => {
    const answer = Buffer.from(
      '14000000100000000100000000000000aabbccdd' +
        '24000000020000000100000000000000' +
        'edffffff' +
        '00'.repeat(16),
      'hex',
    )
    const replies = parseReplies(answer)
    expect(replies).toHaveLength(2)
    expect(replies[0]).toMatchObject({ type: 16, errno: 0 })
    expect(hex(replies[0]!.body)).toBe('aabbccdd')
    expect(replies[1]).toMatchObject({ type: 2, errno: 19 })
    expect(replies.map(isAcknowledgement)).toEqual([false, true])
  })

  it('that are cut or nonsense end the parsing, not the process', () => {
    expect(parseReplies(new Uint8Array(15))).toEqual([])
    expect(parseReplies(new Uint8Array(64))).toEqual([])
    expect(parseReplies(new Uint8Array(64).fill(0xff))).toEqual([])
    expect(findAttribute(Uint8Array.of(3, 0, 1, 0), 0, 1)).toBeNull()
    expect(findAttribute(Uint8Array.of(9, 0, 1, 0), 0, 1)).toBeNull()
  })
})

describe('struct ifreq', () => {
  it('carries a name and flags', () => {
    const ifreq = encodeIfreq('fifteen-letters', 0x5102)
    expect(ifreq.length).toBe(40)
    expect(ifreqName(ifreq)).toBe('fifteen-letters')
    expect(ifreqFlags(ifreq)).toBe(0x5102)
    expect(ifreq[15]).toBe(0)
    expect(ifreqName(encodeIfreq('tap0', 0))).toBe('tap0')
  })
})
