import { fileURLToPath } from 'node:url'
import { runInThisContext } from 'node:vm'
import { build } from 'esbuild'

/**
 * A module and all that it imports as one script, for tests that simulate millions of segments: as modules of the test
 * runner, where every use of an import is a look-up, they take twice as long.
 */
export async function bundled<T>(entry: URL): Promise<T> {
  const filename = fileURLToPath(entry)
  const { outputFiles } = await build({
    entryPoints: [filename],
    bundle: true,
    format: 'iife',
    globalName: 'bundle',
    target: 'es2023',
    write: false,
  })
  return runInThisContext(`(() => { ${outputFiles[0].text}; return bundle })()`, { filename }) as T
}
