import { IpAddress } from './address.ts'

/** 224.0.0.1, all hosts of the link (RFC 1112 section 4). */
export const ALL_HOSTS_V4 = IpAddress.v4(0xe0000001)
/** ff02::1, the same for IPv6. */
export const ALL_NODES_V6 = new IpAddress(0xff020000, 0, 0, 1)

/** The last word of ff02::1:ffXX:XXXX, the group in which the holder of an address is asked for (RFC 4291 section 2.7.1). */
export function solicitedNodeWord(lastWord: number): number {
  return 0xff000000 | (lastWord & 0x00ffffff)
}

/** The solicited-node group of a unicast address (ND-06). */
export function solicitedNode(address: IpAddress): IpAddress {
  return new IpAddress(0xff020000, 0, 1, solicitedNodeWord(address.a3))
}
