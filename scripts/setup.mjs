// What a fresh clone needs before anything else runs: a Node that is new enough, and the dependencies of the
// lock file. Nothing is installed outside the clone. Plain syntax, so that an old Node can still say what is wrong.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, 'node_modules', '.tapwire-setup')
/** Where caches go when the home folder cannot be written; git ignores it. */
const localCache = join(root, 'tmp', 'setup')
const OLDEST_NODE = 20

function fail(sentence, details = '') {
  if (details) console.error(`${details.trimEnd()}\n`)
  console.error(`tapwire: ${sentence}`)
  process.exit(1)
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return
  fail(
    `Node ${OLDEST_NODE} or newer is needed and this is ${process.versions.node}: install one from https://nodejs.org, or run: npx -p node@22 npm start`,
  )
}

/** Changes when the lock file does, and when the clone moves to another kind of machine. */
function wantedStamp() {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'))
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`
}

function upToDate(stamp) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
}

function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function installEnvironment() {
  const env = { ...process.env }
  // pnpm asks before it replaces a folder, unless it is told that nobody is there to answer.
  env.CI = 'true'
  // Without a network the answer comes after seconds, not minutes.
  env.npm_config_fetch_retries = '2'
  env.npm_config_fetch_retry_mintimeout = '1000'
  env.npm_config_fetch_retry_maxtimeout = '5000'
  // npm's own settings for this run are not pnpm's business.
  env.npm_config_update_notifier = 'false'
  if (!isWritable(env.npm_config_cache || join(homedir(), '.npm'))) {
    env.npm_config_cache = join(localCache, 'npm')
  }
  if (!isWritable(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'))) {
    env.npm_config_store_dir = join(localCache, 'store')
    for (const kind of ['DATA', 'STATE', 'CACHE']) {
      env[`XDG_${kind}_HOME`] = join(localCache, kind.toLowerCase())
    }
  }
  return env
}

/** npm's own program where npm started us, else the npx of the PATH. */
function npxCommand() {
  const npm = process.env.npm_execpath || ''
  if (npm.endsWith('npm-cli.js')) return [process.execPath, [npm, 'exec', '--yes', '--']]
  return [process.platform === 'win32' ? 'npx.cmd' : 'npx', ['--yes']]
}

function runPnpm(args) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [command, first] = npxCommand()
  return spawnSync(command, [...first, packageManager, ...args], {
    cwd: root,
    env: installEnvironment(),
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** One sentence for what went wrong, and whether the output says more than the sentence. */
function diagnose(output, error) {
  if (error && error.code === 'ENOENT') {
    return ['npx was not found: it comes with npm, so install Node together with npm', false]
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(output)) {
    return [
      'no connection to the package registry, which the first run needs: connect (or name a mirror with "npm config set registry URL") and run the command again',
      false,
    ]
  }
  if (/ENOSPC/.test(output)) return ['the disk is full: free about 300 MB and run the command again', false]
  if (/EACCES|EROFS|EPERM/.test(output)) {
    return [
      `a file could not be written: make ${root} writable for this user and run the command again`,
      true,
    ]
  }
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    return [
      'pnpm-lock.yaml does not fit the package.json files: run "npx pnpm install" and commit the lock file',
      false,
    ]
  }
  return ['the dependencies could not be installed; what the installer said stands above', true]
}

function install(stamp) {
  const started = Date.now()
  if (!isWritable(root)) fail(`${root} cannot be written by this user: clone into a folder of your own`)
  process.stdout.write('Installing the dependencies of the lock file ... ')
  const result = runPnpm(['install', '--frozen-lockfile', '--reporter=append-only'])
  if (result.status !== 0) {
    process.stdout.write('failed\n')
    const output = `${result.stdout || ''}${result.stderr || ''}`
    const [sentence, showOutput] = diagnose(output, result.error)
    fail(sentence, showOutput ? output.split('\n').slice(-25).join('\n') : '')
  }
  writeFileSync(stampFile, stamp)
  process.stdout.write(`done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}

checkNode()
if (process.argv.includes('--help') || process.argv.includes('-h')) {
  console.log(
    'node scripts/setup.mjs\n\nInstalls the dependencies of the lock file into this clone, where that has not been done yet.',
  )
  process.exit(0)
}
const stamp = wantedStamp()
if (!upToDate(stamp)) install(stamp)
