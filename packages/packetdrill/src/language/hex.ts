/** The bytes of an even number of hexadecimal digits, with 0x or without. */
export function hexBytes(text: string): Uint8Array {
  const pairs = text.replace(/^0x/, '').match(/[0-9a-fA-F]{2}/g) ?? []
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))
}
