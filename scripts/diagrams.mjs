import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { draw } from './diagrams/draw.mjs'
import { FIGURES } from './diagrams/figures.mjs'
import { usage } from './usage.mjs'

usage(`
npm run diagrams [-- --check]

Draws docs/diagrams anew, from scripts/diagrams/figures.mjs.

  --check   draws nothing; fails when a file is not what would be drawn
`)

const folder = fileURLToPath(new URL('../docs/diagrams', import.meta.url))
const check = process.argv.includes('--check')
mkdirSync(folder, { recursive: true })
for (const figure of FIGURES) {
  const file = `${folder}/${figure.name}.svg`
  const fresh = draw(figure)
  if (existsSync(file) && readFileSync(file, 'utf8') === fresh) continue
  if (!check) writeFileSync(file, fresh)
  else {
    console.error(`${file} is not what "npm run diagrams" draws.`)
    process.exitCode = 1
  }
}
