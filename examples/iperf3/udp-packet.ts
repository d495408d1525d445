// A datagram of a UDP test: the sender's time, and the datagram's number, from 1, in 32 or 64 bits.

/** Both words are the host's, and every host that runs iperf3 today begins with the low byte: "9876" and "6789". */
export const UDP_CONNECT = Buffer.from('9876')
export const UDP_CONNECTED = Buffer.from('6789')

const TWO_32 = 2 ** 32

/** @param now milliseconds, of any clock: the receiver compares differences only */
export function writeHeader(packet: Buffer, now: number, count: number, counters64: boolean): void {
  const seconds = Math.floor(now / 1000)
  packet.writeUInt32BE(seconds % TWO_32, 0)
  packet.writeUInt32BE(Math.floor((now - seconds * 1000) * 1000), 4)
  if (counters64) {
    packet.writeUInt32BE(Math.floor(count / TWO_32), 8)
    packet.writeUInt32BE(count % TWO_32, 12)
  } else packet.writeUInt32BE(count % TWO_32, 8)
}

export const headerLength = (counters64: boolean): number => (counters64 ? 16 : 12)

/** The sender's time, in seconds. */
export function sentAt(packet: Buffer): number {
  return packet.readUInt32BE(0) + packet.readUInt32BE(4) / 1e6
}

/** A count of 2^53 or more, which nobody reaches by counting, is not exact. */
export function countOf(packet: Buffer, counters64: boolean): number {
  if (!counters64) return packet.readUInt32BE(8)
  return packet.readUInt32BE(8) * TWO_32 + packet.readUInt32BE(12)
}
