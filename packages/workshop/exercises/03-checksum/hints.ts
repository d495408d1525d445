export const hints = [
  'Add up numbers of 16 bits, not bytes: `(bytes[0] << 8) | bytes[1]` is the first.',
  'JavaScript numbers hold the whole sum of any packet, so the carries can wait until the end: `(sum & 0xffff) + (sum >>> 16)` puts them back in. Is the result again more than 0xffff? Then do it again.',
  'The complement of a number of 16 bits is `~sum & 0xffff`, or `0xffff - sum`.',
]

export const mistakes = {
  'sum-of-bytes':
    'This is the sum of single bytes. Take two at a time: the first is worth 256 times as much.',
  'no-complement': 'This is the sum. The checksum is its complement, every bit turned over: `~sum & 0xffff`.',
  'carry-dropped':
    'What is carried out at the top got lost. Add it again at the bottom: `(sum & 0xffff) + (sum >>> 16)`.',
  'carried-once':
    'Putting the carry back in can carry once more: 0xffff + 0x0001 is 0x10000. Do it until nothing is left above 16 bits.',
  'odd-byte-low':
    'The last byte of an odd number is the *first* of a pair whose second is zero: it counts 256 times.',
  'odd-byte-lost':
    'The last byte of an odd number of bytes was left out, or read beyond the end (undefined makes NaN).',
  'little-endian': 'The bytes of each pair are the wrong way round: the most significant one comes first.',
  negative: 'In JavaScript `~sum` is a negative number of 32 bits. Keep its low 16: `~sum & 0xffff`.',
  other: 'Work the example of the README out on paper, and print your sum after each step with console.log.',
}
