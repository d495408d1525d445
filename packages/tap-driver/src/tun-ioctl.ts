/** Requests and flags of <linux/if_tun.h>, in the encoding that x86, ARM and RISC-V share. */
export const TUNSETIFF = 0x400454ca
export const TUNSETPERSIST = 0x400454cb
export const TUNSETOFFLOAD = 0x400454d0
export const TUNGETIFF = 0x800454d2
export const TUNSETVNETHDRSZ = 0x400454d8
export const TUNSETVNETLE = 0x400454dc

export const IFF_TUN = 0x0001
export const IFF_TAP = 0x0002
/** What is written goes through a queue (NAPI) in which it may be merged. */
export const IFF_NAPI = 0x0010
export const IFF_MULTI_QUEUE = 0x0100
export const IFF_PERSIST = 0x0800
export const IFF_NO_PI = 0x1000
export const IFF_VNET_HDR = 0x4000

export const TUN_F_CSUM = 0x01
export const TUN_F_TSO4 = 0x02
export const TUN_F_TSO6 = 0x04
export const TUN_F_TSO_ECN = 0x08
/** Since Linux 6.2; the kernel takes both or none. */
export const TUN_F_USO4 = 0x20
export const TUN_F_USO6 = 0x40

/** Bytes of an interface's name, terminating zero included. */
const IFNAMSIZ = 16
const IFREQ_SIZE = 40

/** A `struct ifreq` that names an interface ('' or a pattern with %d: the kernel chooses) and carries flags. */
export function encodeIfreq(name: string, flags: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(IFREQ_SIZE))
  for (let i = 0; i < name.length && i < IFNAMSIZ - 1; i++) bytes[i] = name.charCodeAt(i)
  new DataView(bytes.buffer).setUint16(IFNAMSIZ, flags, true)
  return bytes
}

export function ifreqName(ifreq: Uint8Array): string {
  let end = 0
  while (end < IFNAMSIZ && ifreq[end] !== 0) end++
  return String.fromCharCode(...ifreq.subarray(0, end))
}

export function ifreqFlags(ifreq: Uint8Array): number {
  return new DataView(ifreq.buffer, ifreq.byteOffset).getUint16(IFNAMSIZ, true)
}

/** An `int` argument by address. */
export function encodeInt(value: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(4))
  new DataView(bytes.buffer).setInt32(0, value, true)
  return bytes
}
