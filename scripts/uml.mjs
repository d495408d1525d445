// User-mode Linux (Debian's package user-mode-linux): an ordinary process with this machine's files, read-only, as its own, and
// a kernel that has netem.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const PROGRAMS = { 'linux.uml': 'user-mode-linux', insmod: 'kmod', ip: 'iproute2', tc: 'iproute2' }

/** What is not installed that it needs, as one sentence; null when nothing is missing. */
export function umlObstacle() {
  const missing = Object.entries(PROGRAMS)
    .filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
    .map(([, name]) => name)
  if (missing.length === 0) return null
  const names = [...new Set(missing)].join(' ')
  return `not installed: ${names.replaceAll(' ', ', ')} (apt-get install ${names}, as root)`
}

/**
 * What measures time must not show what else the machine does: it goes first, where that may be asked for. And it stays on one
 * processor: the two processes that a system call goes back and forth between are 2.5 times as fast there (12 µs, not 30).
 */
const EAGERLY = `last=$(($(nproc) - 1))
taskset -c $last true 2>/dev/null && set -- taskset -c $last "$@"
chrt -r 1 true 2>/dev/null && set -- chrt -r 1 "$@"
exec "$@"`

/**
 * Starts one that runs a shell command in the clone, as root, with memory under /run and the caches of node_modules.
 * @param {string} command
 * @param {(text: string) => void} onOutput its console
 * @param {{ memory?: string, timeout?: number, eager?: boolean }} options timeout: milliseconds after which it is killed;
 * eager: before other programs
 * @returns {{ status: Promise<number | null>, kill: () => void }} the command's status; null when it did not come to its end
 */
export function startUml(command, onOutput, options = {}) {
  for (const name of ['.vite', '.vite-temp']) {
    mkdirSync(join(root, 'node_modules', name), { recursive: true })
  }
  const words = [
    'linux.uml',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    `mem=${options.memory ?? '3G'}`,
    'quiet',
    'con=null',
    'con0=fd:0,fd:1',
    `init=${join(root, 'scripts', 'netem-init.sh')}`,
    `TAPWIRE_ROOT=${root}`,
    // Without blanks, which would end the word.
    `TAPWIRE_COMMAND=${Buffer.from(command).toString('base64')}`,
  ]
  const start = options.eager ? EAGERLY : 'exec "$@"'
  const child = spawn('sh', ['-c', start, 'sh', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // It is several processes.
    detached: true,
  })
  const kill = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // They have ended.
    }
  }
  process.once('exit', kill)
  const timer = options.timeout === undefined ? undefined : setTimeout(kill, options.timeout)
  let tail = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    tail = (tail + text).slice(-200)
    onOutput(text)
  })
  child.on('error', () => {})
  const status = new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(timer)
      process.off('exit', kill)
      const said = /the command ended with (\d+)/.exec(tail)?.[1]
      resolve(said === undefined ? null : Number(said))
    })
  })
  return { status, kill }
}
