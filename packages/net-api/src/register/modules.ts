import type { NetStack } from '../context.ts'
import { createNet, type NetOptions } from '../create-net.ts'
import { createDgram } from '../dgram/create-dgram.ts'
import { createDns } from '../dns/create-dns.ts'
import { createHttp } from '../http.ts'
import { createHttp2 } from '../http2.ts'
import { createHttps } from '../https.ts'
import { createTls } from '../tls.ts'

/** Node's modules that a stack has in their place, by name without 'node:'. */
export type StackModules = Readonly<Record<string, object>>

/** All of them over one stack, knowing each other. */
export function createModules(stack: NetStack, options: NetOptions = {}): StackModules {
  const net = createNet(stack, options)
  const dns = createDns(stack)
  return {
    net,
    dgram: createDgram(stack),
    dns,
    'dns/promises': dns.promises,
    tls: createTls(net),
    http: createHttp(net),
    https: createHttps(net),
    http2: createHttp2(net),
  }
}
