import { describe, expect, it } from 'vitest'
import { AFTER, failure, SERVER } from './support.ts'

/** Each kind of mistake must fail, at its line, with what was expected beside what happened. */
function mistake(events: string, line: number, reason: string, expected: string, actual: string): void {
  const error = failure(SERVER + events)
  expect(withoutWindow(error.message)).toBe(
    `test.pkt:${line}: ${reason}\n  expected: ${expected}\n  actual:   ${actual}`,
  )
}

/** How large the stack's window is, is not the business of these tests. */
function withoutWindow(text: string): string {
  return text.replace(/(actual: .*) win \d+/, '$1')
}

const WRITE = '+0 write(4, ..., 1000) = 1000\n'

describe('a mistake in a script fails with what differed', () => {
  it('flag', () => {
    mistake(
      `${WRITE}+0 > F. 1:1001(1000) ack 1`,
      AFTER + 1,
      'the packet differs in flags',
      '0.100000 > F. 1:1001(1000) ack 1',
      '0.100000 > P. 1:1001(1000) ack 1',
    )
  })

  it('seq', () => {
    mistake(
      `${WRITE}+0 > P. 2:1002(1000) ack 1`,
      AFTER + 1,
      'the packet differs in seq',
      '0.100000 > P. 2:1002(1000) ack 1',
      '0.100000 > P. 1:1001(1000) ack 1',
    )
  })

  it('length', () => {
    mistake(
      `${WRITE}+0 > P. 1:901(900) ack 1`,
      AFTER + 1,
      'the packet differs in length',
      '0.100000 > P. 1:901(900) ack 1',
      '0.100000 > P. 1:1001(1000) ack 1',
    )
  })

  it('ack', () => {
    mistake(
      `${WRITE}+0 > P. 1:1001(1000) ack 2`,
      AFTER + 1,
      'the packet differs in ack',
      '0.100000 > P. 1:1001(1000) ack 2',
      '0.100000 > P. 1:1001(1000) ack 1',
    )
  })

  it('win', () => {
    const error = failure(`${SERVER}${WRITE}+0 > P. 1:1001(1000) ack 1 win 3`)
    expect(error.reason).toBe('the packet differs in win')
    expect(error.details[0]).toBe('expected: 0.100000 > P. 1:1001(1000) ack 1 win 3')
    expect(error.details[1]).toMatch(/^actual: {3}0\.100000 > P\. 1:1001\(1000\) ack 1 win \d+$/)
  })

  it('option: its value', () => {
    const script = SERVER.replace('ack 1 <...>', 'ack 1 <mss 1400,nop,nop,sackOK,nop,wscale 7>')
    expect(failure(script).message).toBe(
      [
        'test.pkt:6: the packet differs in option mss',
        '  expected: 0.000000 > S. 0:0(0) ack 1 <mss 1400,nop,nop,sackOK,nop,wscale 7>',
        '  actual:   0.000000 > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,sackOK,nop,wscale 7>',
      ].join('\n'),
    )
  })

  it('option: one that is not there', () => {
    mistake(
      `${WRITE}+0 > P. 1:1001(1000) ack 1 <nop,nop,TS val 1 ecr 2>`,
      AFTER + 1,
      'the packet differs in options',
      '0.100000 > P. 1:1001(1000) ack 1 <nop,nop,TS val 1 ecr 2>',
      '0.100000 > P. 1:1001(1000) ack 1',
    )
  })

  it('option: their order', () => {
    const script = SERVER.replace('ack 1 <...>', 'ack 1 <nop,nop,sackOK,mss 1460,nop,wscale 7>')
    expect(failure(script).reason).toBe('the packet differs in options')
  })

  it('ECN, TTL, TOS', () => {
    mistake(
      `${WRITE}+0 > [ect0, tos 0x10, ttl 63] P. 1:1001(1000) ack 1`,
      AFTER + 1,
      'the packet differs in ECN, tos, ttl',
      '0.100000 > [ect0, tos 0x10, ttl 63] P. 1:1001(1000) ack 1',
      '0.100000 > [noecn, tos 0x0, ttl 64] P. 1:1001(1000) ack 1',
    )
  })

  it('time: too late', () => {
    mistake(
      '+0 < F. 1:1(0) ack 1 win 257\n+0 > . 1:1(0) ack 2\n+.5 write(4, ..., 10) = 10\n.55 > P. 1:11(10) ack 2',
      AFTER + 3,
      'the packet was sent 50 ms too late',
      '0.550000 (± 0.004000) > P. 1:11(10) ack 2',
      '0.600000 > P. 1:11(10) ack 2',
    )
  })

  it('time: too early', () => {
    mistake(
      `${WRITE}+.1 > P. 1:1001(1000) ack 1`,
      AFTER + 1,
      'the packet was sent 100 ms too early',
      '0.200000 (± 0.012500) > P. 1:1001(1000) ack 1',
      '0.100000 > P. 1:1001(1000) ack 1',
    )
  })

  it('a packet that is not sent', () => {
    mistake(
      '+.2 > . 1:1(0) ack 1',
      AFTER,
      'the packet was not sent',
      '0.300000 > . 1:1(0) ack 1',
      'nothing until 0.325000',
    )
  })

  it('errno', () => {
    mistake(
      '+0 bind(4, ..., ...) = -1 EADDRINUSE (Address already in use)',
      AFTER,
      'bind gave another result',
      'bind(4, ..., ...) = -1 EADDRINUSE (Address already in use)',
      'bind(4, ..., ...) = -1 EINVAL (Invalid argument)',
    )
  })

  it('result', () => {
    mistake(
      '+0 write(4, ..., 1000) = 900',
      AFTER,
      'write gave another result',
      'write(4, ..., 1000) = 900',
      'write(4, ..., 1000) = 1000',
    )
  })

  it('result: success where an error was expected', () => {
    mistake(
      '+0 write(4, ..., 1000) = -1 EPIPE (Broken pipe)',
      AFTER,
      'write gave another result',
      'write(4, ..., 1000) = -1 EPIPE (Broken pipe)',
      'write(4, ..., 1000) = 1000',
    )
  })

  it('a value that a call writes', () => {
    const error = failure(`${SERVER}+0 getsockopt(3, SOL_SOCKET, SO_REUSEADDR, [0], [4]) = 0`)
    expect(error.message).toBe(
      [
        `test.pkt:${AFTER}: the call gave other values`,
        '  getsockopt(3, SOL_SOCKET, SO_REUSEADDR, [0], [4]) = 0',
        '  the option: expected 0, was 1',
      ].join('\n'),
    )
  })

  it('poll bits', () => {
    const error = failure(`${SERVER}+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1`)
    expect(error.details[1]).toBe('revents: expected POLLIN, was POLLOUT')
  })

  it('a call that blocks', () => {
    mistake(
      '+0 read(4, ..., 100) = 100',
      AFTER,
      'the call blocks',
      'read(4, ..., 100) = 100',
      'it waits (a call that is to wait has the time of its end, as in 0.1...0.3)',
    )
  })

  it('a call that returns too early, too late, never', () => {
    const data = '< P. 1:101(100) ack 1 win 257'
    mistake(
      `+0...0.3 read(4, ..., 100) = 100\n+.1 ${data}`,
      AFTER,
      'the call returned 200 ms too early',
      '0.400000 read(4, ..., 100) = 100',
      '0.200000',
    )
    mistake(
      `+0...0.1 read(4, ..., 100) = 100\n+.2 ${data}`,
      AFTER,
      'the call returned 100 ms too late',
      '0.200000 read(4, ..., 100) = 100',
      '0.300000',
    )
    mistake(
      '+0...0.1 read(4, ..., 100) = 100\n+0 close(3) = 0',
      AFTER,
      'the call has not returned',
      '0.200000 read(4, ..., 100) = 100',
      'it still waits at 0.100000',
    )
  })

  it('assertion', () => {
    mistake(
      '+0 %{ assert tcpi_snd_cwnd == 11 and tcpi_unacked == 0, "the initial window" }%',
      AFTER,
      'the assertion does not hold (the initial window)',
      'tcpi_snd_cwnd == 11 and tcpi_unacked == 0',
      'tcpi_snd_cwnd is 10, tcpi_unacked is 0',
    )
  })

  it('a name that there is not', () => {
    expect(failure(`${SERVER}+0 %{ assert tcpi_nonsense == 1 }%`).reason).toBe(
      "the code cannot be run: the name 'tcpi_nonsense' is not known",
    )
    expect(failure('0 socket(..., SOCK_NONSENSE, 0) = 3').reason).toBe(
      "the name 'SOCK_NONSENSE' is not known",
    )
    expect(failure('0 frobnicate(3) = 0').reason).toBe("the call 'frobnicate' is not known")
    expect(failure('0 < icmp nonsense').reason).toBe("there is no ICMP type 'nonsense'")
  })

  it('a command that has no meaning here', () => {
    const error = failure('0 `reboot now`')
    expect(error.message).toBe(
      "test.pkt:1: the command 'reboot' has no meaning here (--ignore-commands goes on without)\n  `reboot now`",
    )
  })

  it('in exact mode: a packet that the script does not tell', () => {
    const error = failure(`--exact\n${SERVER}${WRITE}+.01 shutdown(4, SHUT_WR) = 0`)
    expect(withoutWindow(error.message)).toBe(
      [
        `test.pkt:${AFTER + 2}: a packet was sent that is not in the script`,
        '  expected: nothing',
        '  actual:   0.100000 > P. 1:1001(1000) ack 1',
      ].join('\n'),
    )
  })
})
