#!/usr/bin/env node
// The sources run as they are, like the exercises, which are TypeScript in any case.
import { register } from 'tsx/esm/api'

// npm runs scripts in the folder of their package; files belong where it was called.
if (process.env.npm_lifecycle_event === 'workshop' && process.env.INIT_CWD)
  process.chdir(process.env.INIT_CWD)

register({ tsconfig: false })
const { main } = await import('../src/cli/main.ts')

// A reader that has seen enough, such as head(1), is no fault.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await main(process.argv.slice(2))
