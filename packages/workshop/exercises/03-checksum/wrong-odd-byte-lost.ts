export function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length - 1; at += 2) {
    const low = bytes[at + 1]
    sum += (bytes[at] << 8) | low
  }
  // Carrying may itself carry: ffff + 1.
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return 0xffff - sum
}
