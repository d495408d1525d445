import { seqAdd, seqGt } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { TcpContext } from './context.ts'

/**
 * ISN = M + F(addresses, ports, secret), RFC 6528 section 3 (SHLD-1, MUST-8, MUST-9, R6528-01): M advances every 4 µs, F
 * is keyed with a secret that is made anew with each stack (R6528-02). Or what the settings say.
 */
export function initialSequence(
  tcp: TcpContext,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
  now: Micros,
): number {
  const { initialSequence } = tcp.config
  if (initialSequence !== null) return initialSequence | 0
  return (Math.floor(now / 4) + tupleHash(tcp, local, localPort, remote, remotePort, 1)) | 0
}

/**
 * MAY-2: the new incarnation's ISN lies beyond all that the old one sent, even if that was faster than the clock. The step is
 * more than an unscaled window, as in Linux.
 */
export function isnAfter(natural: number, sndNxt: number): number {
  const lowest = seqAdd(sndNxt, 65_537)
  return seqGt(natural, lowest) ? natural : lowest
}

/** The secret shift of the timestamp clock: the same for every connection between two hosts (R7323-30, R6191-04). */
export function timestampOffset(tcp: TcpContext, local: IpAddress, remote: IpAddress): number {
  return tupleHash(tcp, local, 0, remote, 0, 2)
}

/** A keyed hash of a tuple; `purpose` keeps the uses apart. */
export function tupleHash(
  tcp: TcpContext,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
  purpose: number,
): number {
  return tcp.secretHash
    .start()
    .word(local.a0)
    .word(local.a1)
    .word(local.a2)
    .word(local.a3)
    .word(remote.a0)
    .word(remote.a1)
    .word(remote.a2)
    .word(remote.a3)
    .word((localPort << 16) | remotePort)
    .word(purpose)
    .end()
}
