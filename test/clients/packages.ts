import { createRequireHook, type NetStack } from '@tapwire/net-api'

export type { Redis } from 'ioredis'
export type { Client, ClientConfig } from 'pg'

export interface Packages {
  readonly ioredis: typeof import('ioredis')
  readonly pg: typeof import('pg')
}

/** Packages of this folder as a program loads them whose `net`, `tls` and so on are a stack's. */
export function packagesOn(stack: NetStack): Packages {
  const require = createRequireHook(stack, import.meta.url)
  return { ioredis: require('ioredis'), pg: require('pg') }
}
