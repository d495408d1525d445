import type { Audit } from '../core/audit.ts'
import { HalfSipHash, type HashKey } from '../core/siphash.ts'
import type { IpAddress } from './address.ts'
import type { Interface } from './interface.ts'
import type { RoutedPath } from './routed-path.ts'

/**
 * The paths in use, found by (local, remote, interface). A keyed hash keeps strangers from piling them into one chain;
 * the least recently looked-up one makes room (EXH-01). Whoever holds an evicted path goes on using it.
 */
export class PathTable {
  readonly #hash: HalfSipHash
  readonly #limit: number
  readonly #chains = new Map<number, RoutedPath>()
  #newest: RoutedPath | null = null
  #oldest: RoutedPath | null = null
  size = 0
  evicted = 0

  constructor(limit: number, key: HashKey) {
    this.#limit = limit
    this.#hash = new HalfSipHash(key)
  }

  /** The one that was looked up last. */
  get newest(): RoutedPath | null {
    return this.#newest
  }

  hashOf(local: IpAddress, remote: IpAddress, ifaceIndex: number): number {
    return this.#hash
      .start()
      .word(local.a0)
      .word(local.a1)
      .word(local.a2)
      .word(local.a3)
      .word(remote.a0)
      .word(remote.a1)
      .word(remote.a2)
      .word(remote.a3)
      .word(ifaceIndex)
      .end()
  }

  find(hash: number, local: IpAddress, remote: IpAddress, iface: Interface): RoutedPath | null {
    let path = this.#chains.get(hash) ?? null
    while (path !== null) {
      if (path.iface === iface && path.remote.equals(remote) && path.local.equals(local)) {
        this.#unlink(path)
        this.#linkNewest(path)
        return path
      }
      path = path.chain
    }
    return null
  }

  /** Adds a path that `find` did not find. */
  add(hash: number, path: RoutedPath): void {
    if (this.size >= this.#limit && this.#oldest !== null) {
      this.remove(this.#oldest)
      this.evicted++
    }
    path.hash = hash
    path.chain = this.#chains.get(hash) ?? null
    this.#chains.set(hash, path)
    this.#linkNewest(path)
    this.size++
  }

  /** @returns whether it was there */
  remove(path: RoutedPath): boolean {
    const head = this.#chains.get(path.hash)
    if (head === path) {
      if (path.chain === null) this.#chains.delete(path.hash)
      else this.#chains.set(path.hash, path.chain)
    } else {
      let before = head
      while (before !== undefined && before.chain !== path) before = before.chain ?? undefined
      if (before === undefined) return false
      before.chain = path.chain
    }
    path.chain = null
    this.#unlink(path)
    this.size--
    return true
  }

  /** From the most to the least recently used. */
  *all(): IterableIterator<RoutedPath> {
    for (let path = this.#newest; path !== null; path = path.older) yield path
  }

  audit(audit: Audit): void {
    audit.subject = 'the table of paths'
    let chained = 0
    for (const head of this.#chains.values()) {
      for (let path: RoutedPath | null = head; path !== null && chained <= this.size; path = path.chain)
        chained++
    }
    let listed = 0
    for (const path of this.all()) {
      audit.check(path.older === null || path.older.newer === path, 'the list by use is torn', listed)
      if (++listed > this.size) break
    }
    audit.check(chained === this.size, 'paths counted, and paths', this.size, chained)
    audit.check(listed === this.size, 'paths counted, and paths listed by use', this.size, listed)
    audit.check(this.size <= this.#limit, 'more paths than the limit', this.size, this.#limit)
  }

  #linkNewest(path: RoutedPath): void {
    path.older = this.#newest
    path.newer = null
    if (this.#newest !== null) this.#newest.newer = path
    else this.#oldest = path
    this.#newest = path
  }

  #unlink(path: RoutedPath): void {
    if (path.newer !== null) path.newer.older = path.older
    else this.#newest = path.older
    if (path.older !== null) path.older.newer = path.newer
    else this.#oldest = path.newer
    path.newer = null
    path.older = null
  }
}
