import type { Micros } from '../core/timer.ts'

/**
 * What one ACK has told about data in flight. Filled step by step while the ACK is processed; there is one, and
 * the next ACK overwrites it.
 */
export class AckNews {
  /** SEG.ACK. */
  ack = 0
  /** Bytes by which SND.UNA has moved. */
  acked = 0
  /** Bytes SACKed for the first time. */
  sacked = 0
  /** Bytes that arrived as far as was not known before: DeliveredData of R9937-03. */
  delivered = 0
  /** A duplicate ACK (R5681-13). */
  duplicate = false
  /** Whether it has an echoed timestamp, and which. */
  hasEcho = false
  echo = 0
  /** Data sent before the recovery point, and once only, was delivered. */
  original = false
  /** Data that was sent again is covered by SEG.ACK. */
  retransmitted = false
  /** It reports duplicate data (RFC 2883): this. */
  dsack = false
  dsackLeft = 0
  dsackRight = 0
  /** The D-SACK is about a tail loss probe. */
  dsackOfProbe = false
  /** When the first and the last of the records that it acknowledges, and that were sent once, were sent; or -1. */
  firstSentAt: Micros = -1
  lastSentAt: Micros = -1
  /** The same of what it SACKs. */
  sackedSentAt: Micros = -1

  clear(ack: number): void {
    this.ack = ack
    this.acked = 0
    this.sacked = 0
    this.delivered = 0
    this.duplicate = false
    this.hasEcho = false
    this.echo = 0
    this.original = false
    this.retransmitted = false
    this.dsack = false
    this.dsackLeft = 0
    this.dsackRight = 0
    this.dsackOfProbe = false
    this.firstSentAt = -1
    this.lastSentAt = -1
    this.sackedSentAt = -1
  }
}
