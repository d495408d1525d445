#!/usr/bin/env node
import { existsSync } from 'node:fs'

const built = new URL('../dist/tapwire.js', import.meta.url)
if (existsSync(built)) await import(built.href)
else {
  console.error(
    'tapwire: this clone has not been built: run `npm run build`, or `npm run tapwire -- ...`, which needs no build',
  )
  process.exitCode = 1
}
