import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ALLOW_LIST } from './differential/allow-list.ts'
import { KernelPeer } from './differential/kernel-peer.ts'
import { type DifferentialReport, runDifferential } from './differential/run.ts'
import { TapwirePeer } from './differential/tapwire-peer.ts'

const USAGE = `Usage: pnpm fuzz:kernel -- [options]

Plays the same random scripts of segments to the Linux kernel (behind a TUN in a network namespace of its own) and to tapwire (in virtual
time), and reports where what they say differs. Differences that are known and may be are counted by name; docs/robustness.md explains
them. Needs Linux, the privilege to make network namespaces, and python3.

  --scripts N   how many (default 3000)
  --batch N     side by side (default 1500)
  --seed N      decides them all (default: drawn, and printed)
  --show N      differences that nothing explains to print (default 10)
  --json FILE   write the report there as well
  --help        this

Examples:
  pnpm fuzz:kernel
  pnpm fuzz:kernel -- --scripts 100000 --seed 1 --json report.json
`

function number(name: string, text: string, low: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= low) return value
  throw new Error(`--${name} must be a whole number from ${low} on, not '${text}'`)
}

async function main(given: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: given[0] === '--' ? given.slice(1) : [...given],
    options: {
      scripts: { type: 'string', default: '3000' },
      batch: { type: 'string', default: '1500' },
      seed: { type: 'string', default: String(randomInt(0xffff_ffff)) },
      show: { type: 'string', default: '10' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const scripts = number('scripts', values.scripts, 1)
  const batch = number('batch', values.batch, 1)
  const seed = number('seed', values.seed, 0)
  const show = number('show', values.show, 0)
  const kernel = await KernelPeer.open()
  const tapwire = new TapwirePeer()
  const stop = (): void => {
    void kernel.close().finally(() => process.exit(130))
  }
  process.once('SIGINT', stop)
  try {
    const save = (report: DifferentialReport): void => {
      if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
    }
    const onProgress = (report: DifferentialReport): void => {
      const { scripts: done, equal, unexplainedCount } = report
      console.error(`${done} of ${scripts} scripts, ${equal} equal, ${unexplainedCount} unexplained`)
      save(report)
    }
    const report = await runDifferential(kernel, tapwire, { seed, scripts, batch, onProgress })
    print(report, show)
    return report.unexplainedCount === 0 ? 0 : 1
  } finally {
    process.off('SIGINT', stop)
    await kernel.close()
    await tapwire.close()
  }
}

function print(report: DifferentialReport, show: number): void {
  for (const text of report.unexplained.slice(0, show)) console.log(text)
  for (const [kind, count] of Object.entries(report.kinds)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 20))
    console.log(`${count} × ${kind}`)
  console.log(
    `${report.scripts} scripts, ${report.segments} segments, seed ${report.seed}: ${report.equal} equal`,
  )
  for (const { name } of ALLOW_LIST) console.log(`  ${report.allowed[name] ?? 0} × ${name}`)
  console.log(`  ${report.unexplainedCount} × nothing explains it`)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\nTry --help.`)
  process.exitCode = 2
}
