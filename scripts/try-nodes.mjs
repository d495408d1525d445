// The unit tests on every supported line of Node, each brought by npm's package `node`. Prints a table.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { usage } from './usage.mjs'

usage(`
npm run test:nodes [-- LINE...]

The unit tests on every supported line of Node (20 22 24 26), or on some, each fetched by npm. Prints a table.
`)

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const LINES = ['20', '22', '24', '26']
const asked = process.argv.slice(2)
const lines = asked.length > 0 ? asked : LINES
const current = process.versions.node.split('.')[0]

/** The path of that Node's program, fetched where it is not the one running. */
function locate(line) {
  if (line === current) return process.execPath
  const result = spawnSync('npx', ['--yes', '-p', `node@${line}`, 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    cwd: tmpdir(),
    shell: process.platform === 'win32',
  })
  const path = (result.stdout ?? '').trim().split('\n').at(-1)
  return result.status === 0 && path ? path : null
}

function runUnitTests(node, summaryFile) {
  // What needs the kernel, a browser or a packer does not depend on Node's version enough to run four times.
  const args = ['node_modules/vitest/vitest.mjs', 'run', 'packages', '--exclude', '**/*.kernel.test.ts']
  const result = spawnSync(node, [...args, '--reporter=dot', '--reporter=./scripts/summary-reporter.mjs'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TAPWIRE_TEST_SUMMARY: summaryFile },
    maxBuffer: 256 * 1024 * 1024,
  })
  if (result.status !== 0) process.stdout.write(`${result.stdout}${result.stderr}`)
  return result.status === 0
}

function tryLine(line, folder) {
  const node = locate(line)
  if (node === null) return { node: line, result: 'not to be had' }
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const file = join(folder, `${line}.json`)
  const started = Date.now()
  const content = runUnitTests(node, file)
  const { all } = JSON.parse(readFileSync(file, 'utf8'))
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  return { node: version, result: content ? 'fine' : 'FAILED', ...all, reasons: undefined, seconds }
}

const folder = mkdtempSync(join(tmpdir(), 'tapwire-nodes-'))
try {
  const rows = lines.map((line) => {
    console.log(`Node ${line} ...`)
    return tryLine(line, folder)
  })
  console.table(rows.map(({ reasons, ...row }) => row))
  process.exitCode = rows.every((row) => row.result === 'fine') ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
