/** packetdrill's letters, in its order. */
const LETTERS = [
  ['S', 0x02],
  ['F', 0x01],
  ['R', 0x04],
  ['P', 0x08],
  ['E', 0x40],
  ['W', 0x80],
  ['U', 0x20],
  ['.', 0x10],
] as const

export function labelledFlags(flags: number): string {
  return LETTERS.map(([letter, bit]) => ((flags & bit) === 0 ? '' : letter)).join('') || '-'
}
