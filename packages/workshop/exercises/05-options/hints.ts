export const hints = [
  'Keep the place where you are in a variable and walk: look at the kind there, do what it asks for, go on behind it.',
  'Three kinds of steps: kind 0 stops, kind 1 is one byte long, every other is as long as its second byte says (kind and length included).',
  'Before you believe a length, look: is it there at all? Is it 2 or more? Does the option end before the bytes do? If not, stop.',
  'A DataView over the data reads numbers: `new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0)`. It is unsigned; `<<` is not.',
]

export const mistakes = {
  'nop-has-length':
    'Kind 1 (no operation) is a single byte. It has no length: the next byte is the next option already.',
  'ignores-end': 'Kind 0 ends the list: what stands behind it is not to be read, whatever it looks like.',
  'length-without-header':
    'The length counts the whole option: kind and length, too. The next one begins `length` bytes behind the *kind*.',
  'zero-length':
    'A length of 0 (or 1) cannot be: kind and length themselves are two bytes. Whoever goes on by it never gets anywhere. Stop there.',
  'beyond-end':
    'This option says that it is longer than what is left. Stop there, and keep what was read before.',
  signed:
    "This number came out negative: `<<` works on signed numbers of 32 bits. Put `>>> 0` behind the sum, or use a DataView's getUint32.",
  'little-endian': 'The bytes of a number are the wrong way round: the most significant one comes first.',
  'unknown-kind': 'A kind that you do not know is passed over, by its length. Others may stand behind it.',
  'wrong-length':
    'An option that you know had a length that it cannot have: a maximum segment size of one byte, for instance. Pass it over.',
  'all-blocks': 'A SACK option may hold several blocks of 8 bytes each: read them all, in their order.',
  other:
    'Compare field by field with what is expected, and print kind and length of every option with console.log.',
}

/** A length of 0, taken at its word. */
export const stuck = 'zero-length'
