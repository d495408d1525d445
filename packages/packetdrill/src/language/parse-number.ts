/** Decimal, hexadecimal (`0x`), with C's suffixes. */
export function parseInteger(text: string): number {
  return Number(text.replace(/[uUlL]+$/, ''))
}
