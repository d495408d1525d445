import type { Stack } from '@tapwire/stack'

/** What the table says of the stack itself. */
export function stackCounters(stack: Stack): readonly (readonly [string, string])[] {
  const { counters: tcp } = stack.tcp
  const number = (value: number): string => value.toLocaleString('en')
  return [
    ['TCP segments', `${number(tcp.segmentsIn)} in, ${number(tcp.segmentsOut)} out`],
    ['retransmitted', `${number(tcp.retransmitted)} segments, ${number(tcp.timeouts)} timeouts`],
    ['connections', `${number(tcp.passiveOpens)} opened by clients, ${number(tcp.resetsOut)} resets sent`],
  ]
}
