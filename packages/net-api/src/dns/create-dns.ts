import * as nodeDns from 'node:dns'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import type { NetStack } from '../context.ts'
import { invalidArgValue } from '../errors.ts'
import { Liveness } from '../liveness.ts'
import { createTurns } from '../turns.ts'
import { validateFunction, validatePort } from '../validate.ts'
import type { DnsContext } from './exchange.ts'
import { type LookupContext, lookup, validateOrder } from './lookup.ts'
import { RESOLVE_METHODS, Resolver, type ResolverOptions } from './resolver.ts'
import { SERVICE_NAMES } from './service-names.ts'
import { type DnsOptions, resolveDnsOptions } from './settings.ts'

/** An object with the exported names of `node:dns`, whose queries go through a stack. */
export type TapwireDns = typeof nodeDns

/**
 * Node's `dns` as a stub resolver over a stack (N8504-05): `lookup` and `resolve*`, `reverse` and `Resolver`, with callbacks and as
 * promises, with Node's error codes. Nothing is asked of the operating system.
 *
 * @throws ERR_INVALID_IP_ADDRESS, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function createDns(stack: NetStack, options: DnsOptions = {}): TapwireDns {
  const settings = resolveDnsOptions({ ...stack.names, ...options })
  const context: DnsContext = { stack, turns: createTurns(stack.clock), liveness: new Liveness() }
  class OwnResolver extends Resolver {
    constructor(own?: ResolverOptions) {
      super(context, settings, own)
    }
  }
  const resolver = new OwnResolver()
  const lookups: LookupContext = { stack, settings, resolver, order: 'verbatim' }
  const module = {
    ...nodeDns,
    ...moduleFunctions(lookups),
    ...methodsOf(resolver),
    Resolver: rename(OwnResolver),
  }
  return { ...module, promises: promiseModule(module, OwnResolver) } as unknown as TapwireDns
}

function rename<C extends object>(Class: C): C {
  Object.defineProperty(Class, 'name', { value: 'Resolver' })
  return Class
}

function moduleFunctions(context: LookupContext): object {
  const look = (hostname: unknown, options: unknown, callback?: unknown): object =>
    lookup(context, hostname, options, callback)
  // Node's own is promisified to an object, too.
  Object.defineProperty(look, promisify.custom, {
    value: (hostname: unknown, options?: unknown) => lookupPromise(look, hostname, options),
  })
  return {
    lookup: look,
    lookupService: (address: unknown, port: unknown, callback: unknown) =>
      lookupService(context.resolver, address, port, callback),
    getDefaultResultOrder: () => context.order,
    setDefaultResultOrder: (order: unknown) => {
      validateOrder(order, 'dnsOrder')
      context.order = order
    },
  }
}

const NAMES = [...Object.keys(RESOLVE_METHODS), 'resolve', 'reverse', 'getServers', 'setServers'] as const

/** The module's own functions are those of one resolver. */
function methodsOf(resolver: Resolver): Record<string, (...args: unknown[]) => unknown> {
  const methods = resolver as unknown as Record<string, (...args: unknown[]) => unknown>
  return Object.fromEntries(
    NAMES.map((name) => [name, (...args: unknown[]) => methods[name].apply(resolver, args)]),
  )
}

function lookupPromise(
  look: (...args: unknown[]) => object,
  hostname: unknown,
  options: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const all = typeof options === 'object' && options !== null && (options as { all?: unknown }).all === true
    look(hostname, options ?? {}, (error: Error | null, address: unknown, family: unknown) => {
      if (error !== null) reject(error)
      else resolve(all ? address : { address, family })
    })
  })
}

type Looking = { lookup: (...args: unknown[]) => object }

function promiseModule(module: object, Own: new (options?: ResolverOptions) => Resolver): object {
  const { lookup: look } = module as Looking
  class PromiseResolver {
    readonly #resolver: Resolver
    constructor(options?: ResolverOptions) {
      this.#resolver = new Own(options)
      Object.assign(this, promised(this.#resolver as unknown as Functions))
    }
    cancel(): void {
      this.#resolver.cancel()
    }
    getServers(): string[] {
      return this.#resolver.getServers()
    }
    setServers(servers: readonly string[]): void {
      this.#resolver.setServers(servers)
    }
    setLocalAddress(ipv4: string, ipv6?: string): void {
      this.#resolver.setLocalAddress(ipv4, ipv6)
    }
  }
  const functions = module as Functions
  return {
    ...nodeDns.promises,
    ...promised(functions),
    getServers: functions.getServers,
    setServers: functions.setServers,
    getDefaultResultOrder: functions.getDefaultResultOrder,
    setDefaultResultOrder: functions.setDefaultResultOrder,
    lookup: (hostname: unknown, options?: unknown) => lookupPromise(look, hostname, options),
    lookupService: (address: unknown, port: unknown) =>
      new Promise((resolve, reject) => {
        functions.lookupService(address, port, (error: Error | null, hostname: string, service: string) => {
          if (error) reject(error)
          else resolve({ hostname, service })
        })
      }),
    Resolver: Object.defineProperty(PromiseResolver, 'name', { value: 'Resolver' }),
  }
}

type Functions = Readonly<Record<string, (...args: unknown[]) => unknown>>

/** Each `resolve*` and `reverse`, with the callback as a promise; arguments that are wrong are thrown all the same. */
function promised(functions: Functions): Functions {
  const methods = [...Object.keys(RESOLVE_METHODS), 'resolve', 'reverse']
  const convert =
    (name: string) =>
    (...args: unknown[]): Promise<unknown> => {
      let settle: (error: Error | null, result: unknown) => void = () => {}
      const promise = new Promise((resolve, reject) => {
        settle = (error, result) => (error === null ? resolve(result) : reject(error))
      })
      // A type that was not given is A's; a second argument that is undefined would be taken for one.
      const known = args.filter((arg, i) => i === 0 || arg !== undefined)
      functions[name](...known, (error: Error | null, result: unknown) => settle(error, result))
      return promise
    }
  return Object.fromEntries(methods.map((name) => [name, convert(name)]))
}

/** The name of an address, or the address itself, as getnameinfo(3) has it; and what the port is for, or its number. */
function lookupService(resolver: Resolver, address: unknown, port: unknown, callback: unknown): object {
  if (typeof address !== 'string' || isIP(address) === 0) throw invalidArgValue('address', address)
  const number = validatePort(port)
  validateFunction(callback, 'callback')
  const tell = callback as (error: null, hostname: string, service: string) => void
  const service = SERVICE_NAMES.get(number) ?? String(number)
  const answer = (hostname: string): void => process.nextTick(tell, null, hostname, service)
  resolver.names(address).then(
    ([name]) => answer(name),
    () => answer(address),
  )
  return {}
}
