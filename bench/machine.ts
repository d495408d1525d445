import { cpus, loadavg, release } from 'node:os'

/** What the figures are of, in a few words: with how much else the machine had to do (a benchmark by itself makes 1 to 2). */
export function machine(): string {
  const processors = cpus()
  const model = processors[0]?.model.replaceAll(/\s+/g, ' ').trim() || 'an unknown processor'
  return `Node ${process.versions.node}, Linux ${release().split('-')[0]}, ${processors.length} processors (${model}), load average ${loadavg()[1].toFixed(0)}`
}
