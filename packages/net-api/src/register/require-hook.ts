import Module, { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NetStack } from '../context.ts'
import { builtinName } from './builtin-name.ts'
import { createModules, type StackModules } from './modules.ts'

/** What a module and all that it requires see instead of Node's own; with a cache of their own. */
interface World {
  readonly modules: StackModules
  readonly cache: Map<string, LoadedModule>
}

const kWorld = Symbol('tapwire.require.world')

interface LoadedModule {
  [kWorld]?: World
  exports: unknown
  filename: string | null
  paths: string[]
  load(filename: string): void
}

/** The undocumented, and since its first days unchanged, part of Node's CommonJS loader that hooks of all kinds use. */
interface Loader {
  _load(request: string, parent: LoadedModule | undefined, isMain: boolean): unknown
  _resolveFilename(request: string, parent: LoadedModule | undefined): string
  _nodeModulePaths(from: string): string[]
  new (id: string, parent?: LoadedModule): LoadedModule
}

const loader = Module as unknown as Loader
let installed = false

/**
 * A `require` whose packages, and all that these require in turn, find a stack where they ask for `net`, `http`, `tls` and
 * so on. They are loaded anew, apart from the process's other modules, so that one process can have the same package on
 * several stacks. Only CommonJS is seen: an ES module imports what the process has (see `@tapwire/net-api/register`).
 *
 * @param from where packages are looked for: `import.meta.url`, or a path
 */
export function createRequireHook(stack: NetStack, from: string | URL): NodeJS.Require {
  install()
  const plain = createRequire(from)
  const start = new loader('tapwire')
  const file = typeof from === 'string' && !from.startsWith('file:') ? from : fileURLToPath(from)
  start.filename = file
  start.paths = loader._nodeModulePaths(dirname(file))
  start[kWorld] = { modules: createModules(stack), cache: new Map() }
  // Node's own refuses what is no name.
  const require = (request: string): unknown =>
    typeof request === 'string' && request !== '' ? loader._load(request, start, false) : plain(request)
  return Object.assign(require, {
    resolve: plain.resolve,
    cache: {},
    extensions: plain.extensions,
    main: undefined,
  }) as NodeJS.Require
}

/** Once for the process: modules that are in no world are loaded as ever. */
function install(): void {
  if (installed) return
  installed = true
  const original = loader._load
  loader._load = function load(this: unknown, request, parent, isMain) {
    const world = parent?.[kWorld]
    return world === undefined
      ? original.call(this, request, parent, isMain)
      : loadInto(world, original, request, parent)
  }
}

function loadInto(
  world: World,
  original: Loader['_load'],
  request: string,
  parent: LoadedModule | undefined,
): unknown {
  const builtin = builtinName(request)
  if (Object.hasOwn(world.modules, builtin)) return world.modules[builtin]
  if (Module.isBuiltin(request)) return original.call(loader, request, parent, false)
  const filename = loader._resolveFilename(request, parent)
  const known = world.cache.get(filename)
  if (known !== undefined) return known.exports
  const module = new loader(filename, parent)
  module[kWorld] = world
  // Before it runs: modules may require each other.
  world.cache.set(filename, module)
  try {
    module.load(filename)
  } catch (error) {
    world.cache.delete(filename)
    throw error
  }
  return module.exports
}
