import { packets } from '@tapwire/stack'
import type { Headers } from '../run/headers.ts'

/** The two ends of a segment, as `10.0.0.1:80` or `[fd00::1]:80`. @param outgoing the live stack has sent it */
export function endpointsOf(
  frame: Uint8Array,
  headers: Headers,
  outgoing: boolean,
): { readonly local: string; readonly remote: string } {
  const isV4 = headers.ipVersion === 4
  const at = headers.ip + (isV4 ? 12 : 8)
  const size = isV4 ? 4 : 16
  const text = (from: number, port: number): string =>
    packets.endpointText(frame.slice(from, from + size), port)
  const source = text(at, headers.sourcePort)
  const destination = text(at + size, headers.destinationPort)
  return outgoing ? { local: source, remote: destination } : { local: destination, remote: source }
}
