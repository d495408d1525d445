import Module from 'node:module'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TapwireNet } from '../create-net.ts'
import { builtinName } from './builtin-name.ts'
import { ConfigError, openStack, readConfig } from './config.ts'
import { kRegistered, moduleSources } from './module-source.ts'
import { createModules, type StackModules } from './modules.ts'

/*
 * `node --import @tapwire/net-api/register app.js`: the program's `net`, `dgram`, `dns`, `tls`, `http`, `https` and `http2`, and
 * what is built on them, use a stack that TAPWIRE_CONFIG describes. What the process has made already (its standard streams, the
 * channel to its parent) stays the kernel's.
 */

/** The folder above: all of the package, which needs Node's own modules. */
const PACKAGE = new URL('../', import.meta.url)

async function register(): Promise<void> {
  const { ipc, ...config } = readConfig(process.env.TAPWIRE_CONFIG, process.cwd())
  const modules = createModules(await openStack(config), ipc === undefined ? {} : { ipc })
  Object.defineProperty(globalThis, Symbol.for(kRegistered), { value: modules })
  const own = [PACKAGE.href, new URL('.', import.meta.resolve('@tapwire/stack')).href, driverUrl()].filter(
    (url) => url !== '',
  )
  Module.register(new URL('./hooks.js', import.meta.url), { data: { sources: moduleSources(modules), own } })
  hookRequire(modules, own)
  await redirectFetch(modules)
}

/** Node's `fetch` takes undici's global dispatcher; without undici it would go past the stack, which nobody would notice. */
async function redirectFetch(modules: StackModules): Promise<void> {
  try {
    const { setGlobalDispatcher } = await import('undici')
    const { createDispatcher } = await import('../fetch.ts')
    setGlobalDispatcher(createDispatcher(modules.net as TapwireNet))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    globalThis.fetch = async () => {
      throw new Error("fetch over a tapwire stack needs the package 'undici': npm install undici")
    }
  }
}

function driverUrl(): string {
  try {
    return new URL('.', import.meta.resolve('@tapwire/tap-driver')).href
  } catch {
    return ''
  }
}

interface Loader {
  _load(request: string, parent: { filename?: string | null } | undefined, isMain: boolean): unknown
}

/** The same for `require`, and for `process.getBuiltinModule`. */
function hookRequire(modules: StackModules, own: readonly string[]): void {
  const folders = own.map((url) => fileURLToPath(url).replace(/[\\/]$/, '') + sep)
  const loader = Module as unknown as Loader
  const original = loader._load
  loader._load = function load(this: unknown, request, parent, isMain) {
    const name = builtinName(request)
    const ours = folders.some((folder) => parent?.filename?.startsWith(folder))
    if (!ours && Object.hasOwn(modules, name)) return modules[name]
    return original.call(this, request, parent, isMain)
  }
  const host = process as { getBuiltinModule?: (id: string) => unknown }
  const builtin = host.getBuiltinModule
  if (builtin === undefined) return
  host.getBuiltinModule = (id) => {
    const name = builtinName(id)
    return Object.hasOwn(modules, name) ? modules[name] : builtin.call(process, id)
  }
}

try {
  await register()
} catch (error) {
  const expected =
    error instanceof ConfigError ||
    (error as { name?: string }).name === 'TapError' ||
    'code' in (error as object)
  if (!expected) throw error
  process.stderr.write(`tapwire: ${(error as Error).message}\n`)
  process.exit(1)
}
