const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Map([...SIGNS].map((sign, value) => [sign.charCodeAt(0), value]))

/** RFC 4648 section 4, without the padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const word = (bytes[i] << 16) | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0)
    text += SIGNS[word >>> 18] + SIGNS[(word >>> 12) & 63]
    if (left > 1) text += SIGNS[(word >>> 6) & 63]
    if (left > 2) text += SIGNS[word & 63]
  }
  return text
}

/** What is no sign of it counts as 0: the text comes from `toBase64`. */
export function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let [at, word, bits] = [0, 0, 0]
  for (let i = 0; i < text.length; i++) {
    word = ((word << 6) | (VALUES.get(text.charCodeAt(i)) ?? 0)) & 0xffffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = word >>> bits
  }
  return bytes
}
