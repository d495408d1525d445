// The words of RFC 2119 and their kin.

/** What `--missing MUST` means, and the order of the summary. */
const GROUPS = new Map([
  ['MUST', ['MUST', 'MUST NOT']],
  ['SHOULD', ['SHOULD', 'SHOULD NOT', 'REC']],
  ['MAY', ['MAY']],
  ['must', ['must']],
  ['should', ['should']],
  ['may', ['may']],
  ['node', ['node']],
])

export const GROUP_NAMES = [...GROUPS.keys()]

/** @param {string} level as in a list @throws {Error} when it is none */
export function groupOf(level) {
  for (const [group, levels] of GROUPS) if (levels.includes(level)) return group
  throw new Error(`"${level}" is no level`)
}

/** @param {import('./collect.mjs').Row} row neither done with a test, nor knowingly done otherwise */
export function isMissing({ code, tests, instead }) {
  return instead === null && (code.length === 0 || tests.length === 0)
}
