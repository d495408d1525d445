import * as nodeHttp2 from 'node:http2'
import * as nodeHttps from 'node:https'
import type * as nodeNet from 'node:net'
import * as nodeTls from 'node:tls'
import { createHttp2, createHttps, createTls } from '@tapwire/net-api'
import { type World, worlds } from './worlds.ts'

/** One end's modules that speak TLS. */
export interface SecureModules {
  readonly tls: typeof nodeTls
  readonly https: typeof nodeHttps
  readonly http2: typeof nodeHttp2
}

function modulesOver(world: World, net: typeof nodeNet): SecureModules {
  if (world.name === 'node') return { tls: nodeTls, https: nodeHttps, http2: nodeHttp2 }
  return { tls: createTls(net), https: createHttps(net) as typeof nodeHttps, http2: createHttp2(net) }
}

/** The same places, with what speaks TLS there. */
export const secureWorlds = worlds.map((world) => ({
  ...world,
  secureServer: modulesOver(world, world.server),
  secureClient: modulesOver(world, world.client),
}))
