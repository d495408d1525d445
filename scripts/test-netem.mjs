// The tests behind `tc netem`, for machines whose own kernel has no netem: they run in a user-mode Linux (Debian's
// package user-mode-linux), which is an ordinary process with this machine's files, read-only, as its own.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const PROGRAMS = { 'linux.uml': 'user-mode-linux', insmod: 'kmod', tc: 'iproute2' }
/** The status that says: not tried, for what is missing here. */
const CANNOT = 2
/** Milliseconds; it takes about two minutes. */
const LONGEST = 900_000

const missing = Object.entries(PROGRAMS)
  .filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  .map(([, name]) => name)
if (missing.length > 0) {
  console.error(
    `tapwire: not installed: ${missing.join(', ')} (apt-get install ${missing.join(' ')}, as root)`,
  )
  process.exit(CANNOT)
}

// Places for the runner to write to: inside, there is memory under them, and all else is read-only.
for (const name of ['.vite', '.vite-temp']) mkdirSync(join(root, 'node_modules', name), { recursive: true })
const child = spawn(
  'linux.uml',
  [
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    'mem=3G',
    'quiet',
    'con=null',
    'con0=fd:0,fd:1',
    `init=${join(root, 'scripts', 'netem-init.sh')}`,
    `TAPWIRE_ROOT=${root}`,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'], timeout: LONGEST, killSignal: 'SIGKILL' },
)
let output = ''
child.stdout.setEncoding('utf8').on('data', (text) => {
  output += text
  process.stdout.write(text)
})
child.on('error', () => {})
child.on('close', () => {
  const status = /netem tests ended with (\d+)/.exec(output)?.[1]
  if (status === undefined) {
    console.error('tapwire: user-mode Linux did not come as far as the tests; what it said stands above')
    process.exit(CANNOT)
  }
  // Tests that were skipped inside prove nothing.
  const right = status === '0' && /Tests\s+2 passed/.test(output)
  console.log(right ? 'The tests behind tc netem passed.' : 'The tests behind tc netem FAILED.')
  process.exit(right ? 0 : 1)
})
