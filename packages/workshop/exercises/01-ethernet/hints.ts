export const hints = [
  'The header has a fixed length: 6 + 6 + 2 bytes. Whatever follows is the payload.',
  '`frame.subarray(from, to)` gives you a part without copying it. Two bytes make a number: `(high << 8) | low`.',
  "A byte becomes two hexadecimal digits with `byte.toString(16).padStart(2, '0')`; `Array.from(bytes, fn)` does it for each of them.",
]

export const mistakes = {
  'source-first':
    'The destination comes first, then the source: a card must see at once whether a frame is for it.',
  'little-endian':
    'The two bytes of the type are the wrong way round. Network byte order has the most significant byte first: `(frame[12] << 8) | frame[13]`, or `view.getUint16(12)` without `true` behind it.',
  'one-digit':
    "Each byte of an address has two hexadecimal digits: 0a, not a. `padStart(2, '0')` puts the zero there.",
  'upper-case': 'The addresses are right, but written in capitals: `toString(16)` gives small letters.',
  'whole-buffer':
    'This frame is a part of a larger buffer, as frames from a card are: `frame.buffer` begins before it. Use the bytes of `frame` itself, or give a DataView `frame.byteOffset` and `frame.byteLength` too.',
  'payload-offset': 'The payload begins behind the 14 bytes of the header, and goes to the end of the frame.',
  'short-frame':
    'A frame of less than 14 bytes has no whole header. Look at its length first, and return null.',
  'null-for-all': 'A frame with 14 bytes or more has a header: return an object for it, not null.',
  other:
    'Print what you return with console.log and compare it with the bytes in the README, field by field.',
}
