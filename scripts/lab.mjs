// Serves the lab's page from its sources on the loopback, and opens it where there is a screen.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { usage } from './usage.mjs'

usage(`
npm run lab [-- OPTIONS]

Serves the lab's page on the loopback and opens it in a browser, where there is a screen. Ctrl-C ends it.

  --port N    the port; default 5173, or the next that is free
  --no-open   only print the address
  --build     build static files into packages/lab/dist/page instead: they work in any folder of any web server

  npm run lab
  npm run lab -- --no-open --port 8080
  npm run lab -- --build
`)

const lab = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages', 'lab')
const configFile = join(lab, 'vite.config.ts')

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { port: { type: 'string' }, 'no-open': { type: 'boolean' }, build: { type: 'boolean' } },
    })
    const port = values.port === undefined ? 5173 : Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new Error(`--port takes a number from 0 to 65535, not "${values.port}"`)
    }
    return { port, open: !values['no-open'] && hasScreen(), build: values.build === true }
  } catch (error) {
    console.error(`lab: ${error.message} (npm run lab -- --help says what there is)`)
    process.exit(2)
  }
}

function hasScreen() {
  if (process.platform !== 'linux') return process.stdout.isTTY === true
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

const options = readOptions()
// Vite is a dependency of packages/lab, not of the root.
const { build, createServer } = await import(
  pathToFileURL(createRequire(join(lab, 'package.json')).resolve('vite')).href
)
if (options.build) {
  await build({ configFile, logLevel: 'warn' })
  console.log(`The page is in ${join(lab, 'dist', 'page')}`)
} else {
  const server = await createServer({
    configFile,
    logLevel: 'warn',
    server: { port: options.port, open: options.open },
  })
  await server.listen()
  console.log(`The lab: ${server.resolvedUrls.local[0]} (Ctrl-C ends it)`)
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void server.close().finally(() => process.exit(0)))
  }
}
