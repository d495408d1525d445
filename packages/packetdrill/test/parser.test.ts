import { describe, expect, it } from 'vitest'
import type { EventBody, PacketSpec, ScriptEvent } from '../src/language/ast.ts'
import { parseScript } from '../src/language/parser.ts'
import { packetText } from '../src/run/packet-text.ts'

function events(text: string, defines: Record<string, string> = {}): readonly ScriptEvent[] {
  return parseScript(text, 'test.pkt', new Map(Object.entries(defines))).events
}

function body(text: string): EventBody {
  const [event] = events(`0 ${text}`)
  return event.body
}

/** Read and written again. */
function packet(text: string): string {
  return packetText(body(text) as PacketSpec)
}

function wrong(text: string): string {
  try {
    events(text)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('this was to be refused')
}

describe('packets', () => {
  it('are read as they are written', () => {
    for (const text of [
      '< S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>',
      '> S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,sackOK,nop,wscale 8>',
      '< . 1:1001(1000) ack 1 win 257',
      '> FP. 1:1001(1000) ack 4294967295',
      '> R 1:1(0)',
      '< - 5:5(0) win 0',
      '> SEW 0:0(0) <...>',
      '< P.U 1:11(10) ack 1 win 257 urg 5',
      '> . 1:1(0) ack 1 <nop,nop,TS val 100 ecr 200>',
      '> . 1:1(0) ack 1 <nop,nop,TS val ... ecr 200,mss ...,wscale ...>',
      '> . 1:1(0) ack 1 <nop,nop,sack 1001:2001 3001:4001>',
      '< S 0:0(0) win 1 <FO 0011223344556677,eol>',
      '> S 0:0(0) <mss 1460,FO,nop,nop>',
      '> S 0:0(0) <FOEXP aabb,FOEXP>',
      '> S 0:0(0) <FO ...>',
      '< S 0:0(0) win 1 <uto 30 min,uto 5 s,kind 99 abcdef,raw 0800>',
      '< [ect0] . 1:1(0) ack 1 win 1',
      '> [ect01] . 1:1(0) ack 1',
      '> [ce, tos 0x8, ttl 1, flowlabel 0x12345] . 1:1(0) ack 1',
      '< 50001 > 8080 S 0:0(0) win 1000',
      '< udp (1000)',
      '< icmp unreachable frag_needed mtu 1400 [1:1461(1460)]',
      '< icmp unreachable port_unreachable [udp (100)]',
      '< icmp packet_too_big mtu 1400',
      '> icmp unreachable port_unreachable',
    ]) {
      expect(packet(text).replace('PU.', 'P.U')).toBe(text)
    }
  })

  it('may go on in further lines', () => {
    expect(packet('< S 0:0(0)\n win 10\n <mss 1000,\n  sackOK, nop>')).toBe(
      '< S 0:0(0) win 10 <mss 1000,sackOK,nop>',
    )
  })

  it('wrap around at 2^32', () => {
    expect(packet('< . 4294967290:10(16) ack 1 win 1')).toBe('< . 4294967290:10(16) ack 1 win 1')
  })

  it('take hexadecimal numbers and names for cookies', () => {
    expect(packet('< . 0x10:0x11(1) ack 0xff win 0x100')).toBe('< . 16:17(1) ack 255 win 256')
    const [event] = events('--define=COOKIE=aabbccdd\n0 < S 0:0(0) win 1 <FO COOKIE,nop,nop>')
    expect(packetText(event.body as PacketSpec)).toBe('< S 0:0(0) win 1 <FO aabbccdd,nop,nop>')
  })

  it('an ACK without a number acknowledges 0', () => {
    expect(packet('< . 1:1(0) win 1')).toBe('< . 1:1(0) ack 0 win 1')
  })

  it('are refused with line and place', () => {
    expect(wrong('\n\n0 < X 0:0(0) win 1')).toBe(
      "test.pkt:3: expected the flags of a packet (letters of 'SFRPEWU.' or '-'), found 'X 0:0(0) win 1'",
    )
    expect(wrong('0 < S 0:1(0) win 1')).toBe("test.pkt:1: 0 + 0 is not 1, found '0:1(0) win 1'")
    expect(wrong('0 < S 0:0(0) win 1 <mss>')).toBe("test.pkt:1: expected an MSS, found '>'")
    expect(wrong('0 < S 0:0(0) win 1 <foo 1>')).toContain('expected a TCP option')
    expect(wrong('0 < [ect7] . 1:1(0) ack 1 win 1')).toContain('expected ect0, ect1')
    expect(wrong('0 < gre: S 0:0(0) win 1')).toContain('encapsulation is not supported')
  })
})

describe('calls', () => {
  it('have arguments, a result and perhaps an errno', () => {
    expect(body('connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)')).toMatchObject({
      kind: 'call',
      name: 'connect',
      args: [{ kind: 'number', value: 3 }, { kind: 'ellipsis' }, { kind: 'ellipsis' }],
      errno: 'EINPROGRESS',
    })
    expect(body('read(3, ..., 100) = ?')).toMatchObject({ result: null })
    expect(body('fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)')).toMatchObject({ result: { value: 2 } })
  })

  it('take expressions, strings, lists and structures', () => {
    expect(body('f(A|B, ~1, 1 << 4 | 2, "a\\n\\x41", "ab"...3, [], [1, X], htons(80)) = 0')).toMatchObject({
      args: [
        { kind: 'binary', operator: '|', left: { name: 'A' }, right: { name: 'B' } },
        { kind: 'unary', operator: '~' },
        { kind: 'binary', operator: '|', left: { operator: '<<' }, right: { value: 2 } },
        { kind: 'string', value: 'a\nA' },
        { kind: 'string', value: 'ab', repeat: 3 },
        { kind: 'list', items: [] },
        { kind: 'list', items: [{ value: 1 }, { name: 'X' }] },
        { kind: 'apply', name: 'htons' },
      ],
    })
    expect(
      body('sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, MSG_ZEROCOPY) = 10'),
    ).toMatchObject({
      args: [
        { value: 4 },
        {
          kind: 'struct',
          fields: [
            { name: 'msg_name', argument: { kind: 'ellipsis' }, value: { kind: 'ellipsis' } },
            { name: 'msg_iov', value: { kind: 'list', items: [{ kind: 'struct' }] } },
            { name: 'msg_flags', value: { value: 0 } },
          ],
        },
        { name: 'MSG_ZEROCOPY' },
      ],
    })
    expect(body('bind(3, {sa_family = AF_INET, sin_port = htons(80)}, 16) = 0')).toMatchObject({
      args: [
        { value: 3 },
        { fields: [{ name: 'sa_family' }, { name: 'sin_port', value: { kind: 'apply' } }] },
        { value: 16 },
      ],
    })
  })

  it('end where the next event begins, whatever stands between', () => {
    const all = events(
      '0 f(1) = 3 // a comment\n+0 f(2) = 4 # another\n* > udp (1)\n/* a\nthird */ +1 f() = -1\n2 g() = 0',
    )
    expect(all.map(({ body: { kind }, line }) => [kind, line])).toEqual([
      ['call', 1],
      ['call', 2],
      ['packet', 3],
      ['call', 5],
      ['call', 6],
    ])
  })

  it('are refused with line and place', () => {
    expect(wrong('0 f(1 = 3')).toBe("test.pkt:1: expected ')', found '= 3'")
    expect(wrong('0 f(1)')).toBe("test.pkt:1: expected '=', found the end of the script")
    expect(wrong('0 f(,) = 0')).toBe("test.pkt:1: expected a value, found ',) = 0'")
    expect(wrong('nonsense')).toBe(
      "test.pkt:1: expected a time in seconds like 0.1, +0.1, or *, found 'nonsense'",
    )
  })
})

describe('times', () => {
  const time = (text: string): unknown => {
    const [{ time, until }] = events(`${text} f() = 0`)
    return until === undefined ? time : [time, until]
  }

  it('have every form', () => {
    expect(time('0.5')).toEqual({ kind: 'absolute', at: 500_000 })
    expect(time('.5')).toEqual({ kind: 'absolute', at: 500_000 })
    expect(time('12')).toEqual({ kind: 'absolute', at: 12_000_000 })
    expect(time('+0')).toEqual({ kind: 'relative', at: 0 })
    expect(time('+.000001')).toEqual({ kind: 'relative', at: 1 })
    expect(time('1~2')).toEqual({ kind: 'absolute', at: 1_000_000, to: 2_000_000 })
    expect(time('+.1~+.2')).toEqual({ kind: 'relative', at: 100_000, to: 200_000 })
    expect(time('*')).toEqual({ kind: 'any' })
    expect(time('0...0.3')).toEqual([{ kind: 'absolute', at: 0 }, 300_000])
    expect(time('+0...0.3')).toEqual([{ kind: 'relative', at: 0 }, 300_000])
    expect(time('.1....3')).toEqual([{ kind: 'absolute', at: 100_000 }, 300_000])
  })

  it('are refused where they make no sense', () => {
    expect(wrong('2~1 f() = 0')).toContain('a range of time that ends before it begins')
    expect(wrong('*...1 f() = 0')).toContain("a blocking call needs a time, not '*'")
    expect(wrong('0...1 > udp (1)')).toContain('only a call can take time')
  })
})

describe('options, commands, code', () => {
  it('stand where they belong', () => {
    const script = parseScript(
      '--mss=1000 --ip_version=ipv6\n--tcp=quickAck=false\n// c\n0 `a\n b`\n+0 %{ assert 1\nprint(2) }%\n',
      'test.pkt',
    )
    expect(script.options.map(({ name, value }) => [name, value])).toEqual([
      ['mss', '1000'],
      ['ip_version', 'ipv6'],
      ['tcp', 'quickAck=false'],
    ])
    expect(script.events.map(({ body, line }) => [body.kind, line])).toEqual([
      ['command', 4],
      ['code', 6],
    ])
  })

  it('must end', () => {
    expect(wrong('0 `abc')).toContain('a command that does not end')
    expect(wrong('0 %{ abc')).toContain('code that does not end with }%')
  })
})

describe('branches', () => {
  const taken = (text: string, defines: Record<string, string> = {}): string[] =>
    events(text, defines).map(({ text }) => text)

  it('are taken by what is defined', () => {
    const text = '#ifdef A\n0 a() = 0\n#else\n1 b() = 0\n#endif\n2 c() = 0'
    expect(taken(text)).toEqual(['1 b() = 0', '2 c() = 0'])
    expect(taken(text, { A: '' })).toEqual(['0 a() = 0', '2 c() = 0'])
  })

  it('know what the script itself defines', () => {
    expect(
      taken('--define=A=1\n#ifdef A\n0 a() = 0\n#endif\n#define B 2\n#ifdef B\n1 b() = 0\n#endif'),
    ).toEqual(['0 a() = 0', '1 b() = 0'])
  })

  it('nest, and keep the lines', () => {
    const text =
      '#ifndef A\n#ifdef B\n0 a() = 0\n#else\n1 b() = 0\n#endif\n#else\n2 c() = 0\n#endif\n3 d() = 0'
    expect(taken(text)).toEqual(['1 b() = 0', '3 d() = 0'])
    expect(taken(text, { A: '' })).toEqual(['2 c() = 0', '3 d() = 0'])
    expect(events(text).map(({ line }) => line)).toEqual([5, 10])
  })

  it('have conditions', () => {
    const text = '#if defined(A) && !defined(B) || X\n0 a() = 0\n#elif Y\n0 y() = 0\n#else\n0 e() = 0\n#endif'
    expect(taken(text)).toEqual(['0 e() = 0'])
    expect(taken(text, { A: '' })).toEqual(['0 a() = 0'])
    expect(taken(text, { A: '', B: '' })).toEqual(['0 e() = 0'])
    expect(taken(text, { X: '1' })).toEqual(['0 a() = 0'])
    expect(taken(text, { Y: '1' })).toEqual(['0 y() = 0'])
  })

  it('are refused where they do not match', () => {
    expect(wrong('#ifdef A\n0 a() = 0')).toBe('test.pkt:1: this #if has no #endif')
    expect(wrong('#endif')).toBe('test.pkt:1: #endif without #ifdef')
    expect(wrong('#ifdef A\n#else\n#else\n#endif')).toBe('test.pkt:3: #else after #else')
  })

  it('a # before anything else is a comment', () => {
    expect(taken('# define me\n#foo\n0 a() = 0 # bar')).toEqual(['0 a() = 0'])
  })
})
