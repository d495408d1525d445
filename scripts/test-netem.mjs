// The tests behind `tc netem`, for machines whose own kernel has no netem: they run in a user-mode Linux.
import { startUml, umlObstacle } from './uml.mjs'
import { usage } from './usage.mjs'

usage(`
npm run test:netem

The tests behind \`tc netem\`, in a user-mode Linux (Debian's packages user-mode-linux, kmod, iproute2): about two minutes.
Ends with 2 where that cannot be had.
`)

/** The status that says: not tried, for what is missing here. */
const CANNOT = 2
/** Milliseconds; it takes about two minutes. */
const LONGEST = 900_000
const COMMAND =
  "node node_modules/vitest/vitest.mjs run test/kernel/netem -t 'tc netem' --reporter=verbose 2>&1 | cat"

const obstacle = umlObstacle()
if (obstacle !== null) {
  console.error(`tapwire: ${obstacle}`)
  process.exit(CANNOT)
}
let output = ''
const uml = startUml(
  COMMAND,
  (text) => {
    output += text
    process.stdout.write(text)
  },
  { timeout: LONGEST },
)
const status = await uml.status
if (status === null) {
  console.error('tapwire: user-mode Linux did not come as far as the tests; what it said stands above')
  process.exit(CANNOT)
}
// Tests that were skipped inside prove nothing.
const right = status === 0 && /Tests\s+4 passed/.test(output)
console.log(right ? 'The tests behind tc netem passed.' : 'The tests behind tc netem FAILED.')
process.exit(right ? 0 : 1)
