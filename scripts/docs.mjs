import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { usage } from './usage.mjs'

usage(`
npm run docs [-- --check]

Puts the files of examples into the pages of docs that show them: what stands in the block of code below a comment
<!-- examples/… --> becomes what is in that file.

  --check   writes nothing; fails when a block is not what its file is
`)

const root = fileURLToPath(new URL('..', import.meta.url))
const SHOWN = /^<!-- (examples\/[\w./-]+) -->\n(?:```\w+\n.*?^```$\n?)?/gms
const check = process.argv.includes('--check')
const stale = []

for (const name of readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'))) {
  const file = `${root}docs/${name}`
  const page = readFileSync(file, 'utf8')
  const fresh = page.replaceAll(SHOWN, (_, path) => {
    const [, ending] = /\.(\w+)$/.exec(path)
    const language = ending === 'mjs' ? 'js' : ending
    return `<!-- ${path} -->\n\`\`\`${language}\n${readFileSync(root + path, 'utf8')}\`\`\`\n`
  })
  if (fresh === page) continue
  stale.push(`docs/${name}`)
  if (!check) writeFileSync(file, fresh)
}

if (check && stale.length > 0) {
  console.error(`Not what examples has: ${stale.join(', ')}. "npm run docs" writes them anew.`)
  process.exit(1)
}
console.log(stale.length === 0 ? 'All pages are what examples has.' : `Written: ${stale.join(', ')}`)
