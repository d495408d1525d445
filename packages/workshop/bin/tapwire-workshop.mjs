#!/usr/bin/env node
// The sources run as they are, like the exercises, which are TypeScript in any case.
import { register } from 'tsx/esm/api'

register({ tsconfig: false })
const { main } = await import('../src/cli/main.ts')

// A reader that has seen enough, such as head(1), is no fault.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await main(process.argv.slice(2))
