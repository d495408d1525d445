import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Outcome, replay, type Step, same } from './replay.ts'
import { randomScenario } from './scenarios.ts'

/*
 * Compares random scenarios with the kernel this runs on, and records them for the test:
 *   npx tsx packages/sockets/test/linux/compare.ts [first seed] [how many] [file to record in]
 */

const [first = 1, count = 100] = process.argv.slice(2, 4).map(Number)
const scenarios: Step[][] = []
for (let seed = first; seed < first + count; seed++) scenarios.push(randomScenario(seed))
const script = fileURLToPath(new URL('record.py', import.meta.url))
const answer = spawnSync('python3', [script], { input: JSON.stringify(scenarios), maxBuffer: 1 << 28 })
if (answer.status !== 0) throw new Error(answer.stderr.toString())
const linux = JSON.parse(answer.stdout.toString()) as Outcome[][]
const kinds = new Map<string, { seed: number; at: number }[]>()
for (let i = 0; i < count; i++) {
  const ours = await replay(scenarios[i] as Step[])
  const theirs = linux[i] as Outcome[]
  const at = ours.findIndex((outcome, step) => !same(outcome, theirs[step], (scenarios[i] as Step[])[step]))
  if (at < 0) continue
  const [call] = (scenarios[i] as Step[])[at] as Step
  const kind = `${call}: linux ${theirs[at]}, tapwire ${ours[at]}`
  kinds.set(kind, [...(kinds.get(kind) ?? []), { seed: first + i, at }])
}
for (const [kind, cases] of [...kinds].sort((a, b) => b[1].length - a[1].length)) {
  const { seed, at } = cases.toSorted((a, b) => a.at - b.at)[0] as { seed: number; at: number }
  console.log(`${cases.length}× ${kind} (seed ${seed}, step ${at})`)
  const scenario = scenarios[seed - first] as Step[]
  const results = linux[seed - first] as Outcome[]
  console.log(
    scenario
      .slice(0, at + 1)
      .map((step, k) => `  ${step.join(' ')} = ${results[k]}`)
      .join('\n'),
  )
}
const file = process.argv[4]
if (file !== undefined) {
  const lines = scenarios.map((_, i) => JSON.stringify({ seed: first + i, results: linux[i] }))
  writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`)
}
console.log(`${count} scenarios, ${[...kinds.values()].flat().length} differ`)
