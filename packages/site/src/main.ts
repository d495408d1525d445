import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildSite } from './build.ts'

const HELP = `
npm run site [-- --out FOLDER] [--no-api] [--no-lab]

Builds the documentation, the reference of the API and the lab as static files, which any web server can serve and a browser
can open without one.

  --out FOLDER   where to (default: packages/site/dist); the folder is emptied first
  --no-api       without the reference of the API
  --no-lab       without the lab
  --help         this text

Examples:
  npm run site
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
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(HELP.trim())
    return
  }
  const folder = resolve(values.out)
  const { pages } = await buildSite({ folder, api: !values['no-api'], lab: !values['no-lab'], onPart })
  console.log(`${pages} files of HTML: ${folder}/index.html`)
}

main().catch((error: Error) => {
  console.error(`\n${error.message}`)
  process.exitCode = 1
})
