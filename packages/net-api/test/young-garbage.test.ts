import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectYoung, YoungGarbage } from '../src/young-garbage.ts'

/** A collector whose collections take so many milliseconds. */
function counted(takes: () => number): {
  garbage: YoungGarbage
  collections: () => number
  found: () => number
} {
  let now = 0
  let collections = 0
  let found = 0
  const find = () => {
    found++
    return () => {
      collections++
      now += takes()
    }
  }
  return {
    garbage: new YoungGarbage(find, () => now),
    collections: () => collections,
    found: () => found,
  }
}

function read(garbage: YoungGarbage, mib: number): void {
  for (let i = 0; i < mib * 16; i++) garbage.note(65_536)
}

test('who reads little is left alone', () => {
  const { garbage, collections, found } = counted(() => 0.2)
  read(garbage, 64)
  expect(found()).toBe(0)
  expect(collections()).toBe(0)
})

test('in bulk, the young generation is collected before V8 would think of the whole heap', () => {
  const { garbage, collections, found } = counted(() => 0.2)
  read(garbage, 64 + 1200)
  expect(found()).toBe(1)
  expect(collections()).toBeGreaterThanOrEqual(195)
  expect(collections()).toBeLessThanOrEqual(201)
})

test('where much is alive the pace is left to V8, and tried again after a GiB', () => {
  const { garbage, collections } = counted(() => 3)
  read(garbage, 64 + 8 * 6 + 512)
  expect(collections()).toBe(8)
  read(garbage, 1024)
  expect(collections()).toBe(16)
})

test('a collection that was interrupted says nothing', () => {
  let run = 0
  const { garbage, collections } = counted(() => (++run % 8 === 0 ? 0.2 : 3))
  read(garbage, 64 + 1200)
  expect(collections()).toBeGreaterThanOrEqual(195)
})

test('without a way to collect nothing happens, and nobody asks twice', () => {
  let asked = 0
  const garbage = new YoungGarbage(() => {
    asked++
    return null
  })
  read(garbage, 1024)
  expect(asked).toBe(1)
})

test('what is found collects the young generation, and leaves new contexts as they were', async () => {
  const kinds: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      kinds.push((entry as unknown as { detail: { kind: number } }).detail.kind)
  })
  observer.observe({ entryTypes: ['gc'] })
  const collect = collectYoung()
  expect(collect).not.toBeNull()
  for (let i = 0; i < 5; i++) collect?.()
  await sleep(50)
  observer.disconnect()
  expect(kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MINOR).length).toBeGreaterThanOrEqual(
    5,
  )
  const { runInNewContext } = await import('node:vm')
  expect(runInNewContext('typeof gc')).toBe(typeof globalThis.gc)
})
