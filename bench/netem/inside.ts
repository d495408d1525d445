// The measurement itself, as a program whose plan is JSON in its first argument: what it tells goes to standard output, a
// line each, behind a mark, because a console is where other things are said as well.
import type { Plan } from './cells.ts'
import type { Lane } from './lane.ts'
import { measureAll } from './measure.ts'

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const lanes = new Set<Lane>()
process.on('exit', () => {
  for (const lane of lanes) lane.close()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const tell = (event: object): boolean => process.stdout.write(`@@ ${JSON.stringify(event)}\n`)
try {
  await measureAll(plan, tell, lanes)
  tell({ finished: true })
  process.exit(0)
} catch (error) {
  tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
}
