import { ETHERNET_HEADER_LENGTH, ethernetType } from '../ethernet.ts'
import { concat, copy, NO_BYTES, putAddress, viewOf } from './bytes.ts'

export interface EthernetFrame {
  /** Six bytes. */
  destination: Uint8Array
  source: Uint8Array
  /** One of `EtherType`, or any 16 bits. */
  type: number
  payload: Uint8Array
}

export type EthernetFields = Omit<EthernetFrame, 'payload'> & { payload?: Uint8Array }

export function parseEthernet(bytes: Uint8Array): EthernetFrame | null {
  if (bytes.length < ETHERNET_HEADER_LENGTH) return null
  return {
    destination: copy(bytes, 0, 6),
    source: copy(bytes, 6, 12),
    type: ethernetType(viewOf(bytes), 0),
    payload: copy(bytes, ETHERNET_HEADER_LENGTH, bytes.length),
  }
}

/** No padding to 60 bytes: that is the sending hardware's. */
export function buildEthernet(frame: EthernetFields): Uint8Array {
  const header = new Uint8Array(ETHERNET_HEADER_LENGTH)
  putAddress(header, 0, frame.destination, 6)
  putAddress(header, 6, frame.source, 6)
  viewOf(header).setUint16(12, frame.type)
  return concat(header, frame.payload ?? NO_BYTES)
}
