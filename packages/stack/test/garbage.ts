import { Session } from 'node:inspector'
import { constants, PerformanceObserver, performance } from 'node:perf_hooks'

export interface Garbage {
  /** Collections of young objects while it was measured: the growth says nothing if there were any. */
  readonly scavenges: number
  /** Growth of the heap, in bytes. */
  readonly heapGrowth: number
}

/** What `work` leaves in the heap, all of it. For programs run by `ChildProgram`. */
export async function garbageOf(work: () => void): Promise<Garbage> {
  const { gc } = globalThis as unknown as { gc: () => void }
  let collections: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => {
    collections = collections.concat(list.getEntries())
  })
  process.memoryUsage()
  gc()
  await new Promise((resolve) => setTimeout(resolve, 20))
  observer.observe({ entryTypes: ['gc'] })
  const from = performance.now()
  const before = process.memoryUsage().heapUsed
  work()
  const heapGrowth = process.memoryUsage().heapUsed - before
  const to = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 20))
  observer.disconnect()
  const during = collections.filter((entry) => entry.startTime >= from && entry.startTime <= to)
  return { scavenges: during.filter(isScavenge).length, heapGrowth }
}

function isScavenge(entry: PerformanceEntry): boolean {
  return (
    (entry as unknown as { detail: { kind: number } }).detail.kind === constants.NODE_PERFORMANCE_GC_MINOR
  )
}

interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly lineNumber: number; readonly url: string }
  readonly selfSize: number
  readonly children: readonly ProfileNode[]
}

/**
 * The functions that allocate most, the worst first: bytes for each of the things done, function and caller, as the sampling
 * heap profiler sees them. What was inlined goes by the name of the function it was inlined into.
 * @param work returns how many things it has done
 */
export function culpritsOf(work: () => number): string[] {
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.startSampling', {
    samplingInterval: 128,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as object)
  const count = work()
  const sizes = new Map<string, number>()
  const walk = (node: ProfileNode, caller: string): void => {
    if (node.callFrame.url === 'node:inspector') return
    const name = `${node.callFrame.functionName || '(anonymous)'}:${node.callFrame.lineNumber + 1}`
    const key = `${name} < ${caller}`
    if (node.selfSize > 0) sizes.set(key, (sizes.get(key) ?? 0) + node.selfSize)
    for (const child of node.children) walk(child, name)
  }
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error === null) walk(result.profile.head as ProfileNode, '')
  })
  session.disconnect()
  const worst = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 8)
  return worst.map(([name, size]) => `${(size / count).toFixed(3)} ${name}`)
}
