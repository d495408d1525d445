import { readFileSync } from 'node:fs'
import { hasProgram } from '../../examples/shared/programs.ts'
import type { Cpus } from './network.ts'
import type { Pin } from './options.ts'

/** The processors that this process may use, as /proc/self/status lists them: 0-3,8. */
export function allowedCpus(status = readFileSync('/proc/self/status', 'utf8')): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0'
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

/** @throws Error when that cannot be done here */
export function chooseCpus(pin: Pin): Cpus {
  if (pin === 'none') return { load: null, server: null }
  if (!hasProgram('taskset'))
    throw new Error("'taskset' (of util-linux) is not installed: use --pin none, or install it")
  // The last ones: the first has most of the machine's interrupts.
  const [last, before] = allowedCpus().reverse()
  if (pin === 'same') return { load: last, server: last }
  if (before === undefined)
    throw new Error('--pin split needs two processors, and this process may use one only')
  return { load: before, server: last }
}
