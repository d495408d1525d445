/** The letters of packetdrill for the bits of a TCP header, in the order in which they are printed. */
const LETTERS: readonly (readonly [letter: string, bit: number])[] = [
  ['S', 0x02],
  ['F', 0x01],
  ['R', 0x04],
  ['P', 0x08],
  ['E', 0x40],
  ['W', 0x80],
  ['U', 0x20],
  ['.', 0x10],
]

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10
export const URG = 0x20
export const CWR = 0x80

/** @returns null for letters that are no flags */
export function parseFlags(text: string): number | null {
  if (text === '-') return 0
  let flags = 0
  for (const letter of text) {
    const bit = letter === 'C' ? CWR : LETTERS.find(([name]) => name === letter)?.[1]
    if (bit === undefined) return null
    flags |= bit
  }
  return flags
}

/** E.g. `S.`, `SEW`, `-` for none. */
export function flagsText(flags: number): string {
  const text = LETTERS.filter(([, bit]) => (flags & bit) !== 0).map(([letter]) => letter)
  return text.length === 0 ? '-' : text.join('')
}
