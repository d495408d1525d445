import { HOST4, HOST6, hostWithDevice, PEER4, PEER6, UdpRecorder } from '../support/ip-host.ts'
import { ip4, ip6, udp } from '../support/packets.ts'

/** Datagrams from the peer to a port. */
export const in4 = (port: number, data: ArrayLike<number>, to = HOST4, source = PEER4, sourcePort = 5) =>
  ip4(source, to, 17, udp(source, to, sourcePort, port, data))
export const in6 = (port: number, data: ArrayLike<number>, to = HOST6) =>
  ip6(PEER6, to, 17, udp(PEER6, to, 5, port, data))

export function withSocket(options = {}, hostOptions = {}) {
  const { host, device, iface } = hostWithDevice(hostOptions)
  const app = new UdpRecorder()
  const socket = host.udp.bind({ port: 7, ...options }, app)
  return { host, device, iface, app, socket }
}
