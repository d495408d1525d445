import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildSite } from './build.ts'
import { serve } from './serve.ts'

const HELP = `
npm run site [-- --out FOLDER] [--no-api] [--no-lab]

Builds the documentation, the reference of the API and the lab as static files, for any web server.

  --out FOLDER   where to (default: packages/site/dist); the folder is emptied first
  --no-api       without the reference of the API
  --no-lab       without the lab
  --serve PORT   serves the folder on the loopback when it is built, until Ctrl-C; 0 takes a free port
  --help         this text

Examples:
  npm run site
  npm run site -- --serve 8080
  npm run site -- --out /tmp/site --no-api
`

const usual = fileURLToPath(new URL('../dist', import.meta.url))

/** A line for each part, with how long it took. */
function onPart(name: string): (result: string) => void {
  const began = performance.now()
  process.stdout.write(`${name} ... `)
  return (result) => console.log(`${result} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: usual },
      'no-api': { type: 'boolean', default: false },
      'no-lab': { type: 'boolean', default: false },
      serve: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(HELP.trim())
    return
  }
  const port = values.serve === undefined ? null : Number(values.serve)
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new Error(`--serve takes a port from 0 to 65535, and not '${values.serve}'`)
  const folder = resolve(values.out)
  const { pages } = await buildSite({ folder, api: !values['no-api'], lab: !values['no-lab'], onPart })
  console.log(`${pages} files of HTML: ${folder}/index.html`)
  if (port !== null) console.log(`${(await serve(folder, port)).address} (Ctrl-C ends it)`)
}

main().catch((error: Error) => {
  console.error(`\n${error.message}`)
  process.exitCode = 1
})
