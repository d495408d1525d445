import { expect, it } from 'vitest'
import { PathTable } from '../../src/ip/path-table.ts'
import type { RoutedPath } from '../../src/ip/routed-path.ts'
import { address, hostWithDevice } from '../support/ip-host.ts'

it('paths of one hash are kept apart, and taken off from anywhere in their chain', () => {
  const { host, iface } = hostWithDevice()
  const table = new PathTable(16, { k0: 1, k1: 2 })
  const local = address('10.0.0.2')
  const paths = [1, 3, 4, 5].map(
    (host4) => host.internet.path(address(`10.0.0.${host4}`), null) as RoutedPath,
  )
  // Off the table they are in: a path stands on one list only.
  for (const path of paths) expect(host.internet.router.paths.remove(path)).toBe(true)
  for (const path of paths) table.add(42, path)
  const found = () => paths.map((path) => table.find(42, local, path.remote, iface) === path)
  expect(found()).toEqual([true, true, true, true])
  expect(table.find(43, local, paths[0].remote, iface)).toBe(null)
  expect(table.find(42, address('10.0.0.9'), paths[0].remote, iface)).toBe(null)
  // The middle, the head, the tail, and one that is gone.
  expect(table.remove(paths[1])).toBe(true)
  expect(found()).toEqual([true, false, true, true])
  expect(table.remove(paths[3])).toBe(true)
  expect(found()).toEqual([true, false, true, false])
  expect(table.remove(paths[0])).toBe(true)
  expect(table.remove(paths[0])).toBe(false)
  expect(found()).toEqual([false, false, true, false])
  expect([...table.all()]).toEqual([paths[2]])
  expect(table.size).toBe(1)
})
