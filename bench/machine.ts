import { cpus, release } from 'node:os'

/** What the figures are of, in a few words. */
export function machine(): string {
  const processors = cpus()
  const model = processors[0]?.model.replaceAll(/\s+/g, ' ').trim() || 'an unknown processor'
  return `Node ${process.versions.node}, Linux ${release().split('-')[0]}, ${processors.length} processors (${model})`
}
