import type { Limits, TcpSettings } from '@tapwire/stack'
import { translateLimit, translateSysctl } from './sysctl.ts'

/** What a command of a script does here, instead of being run. */
export interface CommandTarget {
  setTcp(settings: TcpSettings): void
  /** The bounds of the stack's tables. */
  setLimits(limits: Partial<Limits>): void
  /** Everything that is sent is lost (true), or not any more. */
  breakLink(broken: boolean): void
  /** What `ip route` says of the way to the other end. */
  setRoute(metrics: RouteMetrics): void
  /** Lets time pass. */
  sleep(usecs: number): void
}

export interface RouteMetrics {
  mtu?: number
  advmss?: number
  initcwnd?: number
  initrwnd?: number
  congestion?: string
  /** Milliseconds. */
  rtoMin?: number
  ecn?: boolean
}

/**
 * What scripts of the Linux collections presuppose beside the defaults: they all begin with a command of this name, which sets the
 * receive buffer so that it gives a window scale of 8, among others.
 */
const USUAL_DEFAULTS: TcpSettings = {
  receiveBuffer: 540_000,
  receiveBufferMax: 15_728_640,
  sendBuffer: 262_144,
  sendBufferMax: 4_194_304,
  // They have listeners offer Fast Open without asking for it.
  fastOpenServer: 128,
}

/** These are for a kernel: they prepare it, look at it, or clean up behind it. */
const WITHOUT_MEANING = new Set([
  ':',
  'cat',
  'date',
  'echo',
  'ethtool',
  'false',
  'grep',
  'kldload',
  'kldunload',
  'modprobe',
  'netstat',
  'nstat',
  'printf',
  'rm',
  'sockstat',
  'ss',
  'sync',
  'taskset',
  'test',
  'true',
  'ulimit',
  '[',
  '[[',
])

/**
 * Does what a script's `command` means for the stack: sysctl, ip route, tc, sleep, and the names that prepare a kernel.
 * @throws RangeError for what has no meaning here
 */
export function translateCommand(command: string, target: CommandTarget): void {
  for (const part of command.split(/\n|;|&&|\|\|/)) {
    // Of a pipe the first command counts: what follows only looks at it.
    const words = splitWords(part.split('|')[0]).filter((word) => !/^[12]?>|^2>&1$|^&>/.test(word))
    while (words.length > 0 && (words[0] === 'sudo' || /^\w+=\S*$/.test(words[0]))) words.shift()
    if (words.length > 0) translateWords(words, target)
  }
}

function translateWords(words: readonly string[], target: CommandTarget): void {
  const name = (words[0].split('/').pop() as string).replace(/\.(?:sh|py)$/, '')
  const args = words.slice(1)
  if (name === 'sysctl' || name === 'set_sysctls') sysctl(args, target)
  else if (name === 'defaults') target.setTcp(USUAL_DEFAULTS)
  else if (name === 'ip') ip(args, target)
  else if (name === 'tc') tc(args, target)
  else if (name === 'sleep') sleep(args, target)
  else if (name === 'usleep') target.sleep(Number(args[0]))
  else if (!WITHOUT_MEANING.has(name) && !name.startsWith('sysctl_restore'))
    throw new RangeError(`the command '${words[0]}' has no meaning here`)
}

/** Words as a shell has them, with quotes taken off. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''))
}

function sysctl(args: readonly string[], target: CommandTarget): void {
  for (let i = 0; i < args.length; i++) {
    const word = args[i]
    if (word.startsWith('-')) continue
    const [, name, given] = /^([^=]+?)(?:=([\s\S]*))?$/.exec(word) ?? []
    // `name = value` in words of their own; a name alone is a question.
    let value = given
    if (value === undefined && args[i + 1] === '=') {
      value = args[i + 2]
      i += 2
    }
    if (value === undefined || name === undefined) continue
    const limits = translateLimit(name, value)
    if (limits !== null) {
      target.setLimits(limits)
      continue
    }
    const settings = translateSysctl(name, value)
    if (settings !== null) target.setTcp(settings)
  }
}

/** `ip route change … mtu lock 1400 advmss 1000 initcwnd 10 congctl reno`; other objects of ip mean nothing. */
function ip(args: readonly string[], target: CommandTarget): void {
  const words = args.filter((word) => !word.startsWith('-') && word !== 'lock')
  const object = words[0] ?? ''
  if (!['r', 'ro', 'route'].includes(object)) {
    if (['li', 'link', 'addr', 'a', 'address', 'tcp_metrics', 'tcpmetrics', 'neigh', 'rule'].includes(object))
      return
    throw new RangeError(`'ip ${object}' has no meaning here`)
  }
  const metrics: RouteMetrics = {}
  for (let i = 1; i < words.length - 1; i++) readMetric(metrics, words[i], words[i + 1])
  target.setRoute(metrics)
}

function readMetric(metrics: RouteMetrics, name: string, value: string): void {
  switch (name) {
    case 'mtu':
      metrics.mtu = Number(value)
      return
    case 'advmss':
      metrics.advmss = Number(value)
      return
    case 'initcwnd':
      metrics.initcwnd = Number(value)
      return
    case 'initrwnd':
      metrics.initrwnd = Number(value)
      return
    case 'congctl':
      metrics.congestion = value
      return
    case 'rto_min':
      metrics.rtoMin = /^\d+s$/.test(value) ? Number.parseFloat(value) * 1000 : Number.parseFloat(value)
      return
    case 'features':
      metrics.ecn = value === 'ecn'
      return
  }
}

/** A queue of length 0 loses everything; any other queue is as good as none on a link without delay. */
function tc(args: readonly string[], target: CommandTarget): void {
  if (args[0] !== 'qdisc') throw new RangeError(`'tc ${args[0] ?? ''}' has no meaning here`)
  const limit = args.indexOf('limit')
  target.breakLink(args[1] !== 'del' && limit >= 0 && Number(args[limit + 1]) === 0)
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 }

function sleep(args: readonly string[], target: CommandTarget): void {
  const found = /^(\d+(?:\.\d+)?|\.\d+)([smh]?)$/.exec(args[0] ?? '')
  if (found === null) throw new RangeError(`cannot sleep '${args[0] ?? ''}'`)
  target.sleep(Math.round(Number(found[1]) * UNITS[found[2]] * 1e6))
}
