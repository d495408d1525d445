// Everything that has to hold before a change lands: format and lint, types, tests. It goes on after a failure, so
// that one run tells all, and ends with one line of counts.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { usage } from './usage.mjs'

usage(`
npm test

Formats are checked, then types, then every test runs; it goes on after a failure, and ends with one line of counts.
Tests that cannot run here are skipped, and the reason is printed.
CI=true also fails when docs/rfc-map.md is stale.
`)

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const biome = 'node_modules/@biomejs/biome/bin/biome'
const tsc = 'node_modules/typescript/bin/tsc'
const vitest = 'node_modules/vitest/vitest.mjs'

/** Runs a program of node_modules, its output going where ours goes. @returns whether it was content */
function run(name, args, env = {}) {
  const started = Date.now()
  console.log(`\n== ${name}`)
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`== ${name}: ${status === 0 ? 'fine' : 'FAILED'} (${seconds} s)`)
  return status === 0
}

/** `cause (3), other cause (1)` */
function listReasons(reasons) {
  return Object.entries(reasons)
    .map(([reason, times]) => `${reason} (${times})`)
    .join('; ')
}

function kernelLine({ passed, failed, skipped, reasons }) {
  const ran = passed + failed
  const notRun = skipped > 0 ? `, ${skipped} did not: ${listReasons(reasons)}` : ''
  return `Tests with the kernel as the peer: ${ran} ran${notRun}`
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-check-'))
  const file = join(folder, 'summary.json')
  try {
    const args = [vitest, 'run', '--reporter=default', '--reporter=./scripts/summary-reporter.mjs']
    const content = run('tests', [...args, ...process.argv.slice(2)], { TAPWIRE_TEST_SUMMARY: file })
    const summary = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
    return { content, summary }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const failedChecks = []
const check = (name, args) => {
  if (!run(name, args)) failedChecks.push(name)
}
check('format and lint', [biome, 'check', '.'])
check('types of the packages', [tsc, '-b'])
check('types of tests and examples', [tsc, '-p', 'tsconfig.test.json'])
const { content, summary } = runTests()
if (!content && (summary === null || summary.all.failed === 0)) failedChecks.push('tests')

console.log('')
if (failedChecks.length > 0) console.log(`Failed checks: ${failedChecks.join(', ')}`)
if (summary === null) {
  console.log('The tests did not come to an end.')
  process.exit(1)
}
if (summary.all.skipped > 0) console.log(`Skipped: ${listReasons(summary.all.reasons)}`)
console.log(kernelLine(summary.kernel))
const failed = summary.all.failed + failedChecks.length
console.log(`${summary.all.passed} passed, ${failed} failed, ${summary.all.skipped} skipped`)
process.exit(failed === 0 && content && summary.all.passed > 0 ? 0 : 1)
