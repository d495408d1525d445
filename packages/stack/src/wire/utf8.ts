/** UTF-8 without TextEncoder, which is no part of the language. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0) as number
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
    else if (code < 0x10000)
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f))
      bytes.push(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    }
  }
  return Uint8Array.from(bytes)
}

/** Whatever is no UTF-8 becomes U+FFFD, one for each byte. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at]
    const length = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : first >> 3 === 30 ? 4 : 0
    const code = length === 0 ? -1 : codePoint(bytes, at, length)
    text += code < 0 ? '\ufffd' : String.fromCodePoint(code)
    at += code < 0 ? 1 : length
  }
  return text
}

const SMALLEST = [0, 0, 0x80, 0x800, 0x10000]

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  if (at + length > bytes.length) return -1
  let code = length === 1 ? bytes[at] : bytes[at] & (0x7f >> length)
  for (let i = 1; i < length; i++) {
    if ((bytes[at + i] & 0xc0) !== 0x80) return -1
    code = (code << 6) | (bytes[at + i] & 0x3f)
  }
  const surrogate = code >= 0xd800 && code <= 0xdfff
  return code < SMALLEST[length] || code > 0x10ffff || surrogate ? -1 : code
}
