/** First and last byte of a part, both included. */
export interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Reads the header `Range` (RFC 9110 section 14.1.2). Several parts at once are not given: whoever asks for them gets the whole.
 * @returns null for the whole, 'beyond' where nothing of it is in the file
 */
export function readRange(header: string, size: number): Range | 'beyond' | null {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header) ?? []
  if (first === undefined || (first === '' && last === '')) return null
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'beyond' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return null
  return start >= size ? 'beyond' : { start, end }
}
