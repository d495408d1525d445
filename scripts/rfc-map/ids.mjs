// Rule ids in running text: MUST-14, SEG-07/08, ND-01 to ND-05, MUST-51..53.

/**
 * What looks like an id and is none, with the reason. Whatever else looks like one has to be in the lists, for a mistyped id
 * is a rule that seems to have no code or no test.
 */
export const NOT_RULES = new Map([
  ['SHA', 'a hash function'],
  ['UTF', 'an encoding'],
  ['EUI', 'an interface identifier'],
  ['CVE', 'a published vulnerability'],
])

/** RFC 1122's keepalive rules have no number of their own. */
const ID = /(?<![\w.-])(?:([A-Z][A-Z0-9]*)-(\d+)|R1122-KA)(?!\w)/g
const RANGE = /^ ?(?:\.\.\.?|…|–|to(?= [A-Z])|through(?= [A-Z])) ?(?:([A-Z][A-Z0-9]*)-)?(\d+)(?!\w)/
const ALSO = /^\/(?:([A-Z][A-Z0-9]*)-)?(\d+)(?!\w)/

/** The width of a number counts: R5961-3 is not R5961-03. */
function idsBetween(family, from, to) {
  const ids = []
  for (let n = Number(from); n <= Number(to); n++)
    ids.push(`${family}-${String(n).padStart(from.length, '0')}`)
  return ids
}

/**
 * @param {string} text
 * @returns {{ id: string, at: number }[]} ranges expanded, `at` is where the id (or its range) begins
 */
export function findIds(text) {
  const found = []
  for (const match of text.matchAll(ID)) {
    const [whole, family, first] = match
    const at = match.index
    if (family === undefined) found.push({ id: whole, at, end: at + whole.length })
    if (family === undefined || NOT_RULES.has(family)) continue
    const last = found.at(-1)
    if (last !== undefined && at < last.end) continue
    let end = at + whole.length
    let ids = [whole]
    const range = RANGE.exec(text.slice(end))
    if (range !== null && (range[1] ?? family) === family && Number(range[2]) >= Number(first)) {
      ids = idsBetween(family, first, range[2])
      end += range[0].length
    } else {
      for (let also = ALSO.exec(text.slice(end)); also !== null; also = ALSO.exec(text.slice(end))) {
        ids.push(`${also[1] ?? family}-${also[2]}`)
        end += also[0].length
      }
    }
    for (const id of ids) found.push({ id, at, end })
  }
  return found.map(({ id, at }) => ({ id, at }))
}
