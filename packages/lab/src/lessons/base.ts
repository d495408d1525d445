import type { HostSettings, LinkSettings, Scenario } from '../model/scenario.ts'

/** Segments of 1,000 bytes of payload make numbers that one can read and add up. */
const NEAT: HostSettings = { maxSegment: 1000, timestamps: false }

/** What a lesson says of its scenario; the rest is the same everywhere, so that two lessons differ in what they teach. */
export interface Setup {
  readonly seed?: number
  readonly ip?: 4 | 6
  readonly duration: number
  readonly a?: HostSettings
  readonly b?: HostSettings
  /** For both hosts. */
  readonly hosts?: HostSettings
  /** Milliseconds one way; default 20. */
  readonly latency?: number
  /** For both ways. */
  readonly link?: Partial<LinkSettings>
  /** From A to B. */
  readonly there?: Partial<LinkSettings>
  /** From B to A. */
  readonly back?: Partial<LinkSettings>
  readonly router?: boolean
  readonly flows: Scenario['flows']
  readonly actions?: Scenario['actions']
}

export function scenario(title: string, setup: Setup): Scenario {
  const { latency = 20, hosts = {}, link = {} } = setup
  return {
    version: 1,
    title,
    seed: setup.seed ?? 1,
    ip: setup.ip ?? 4,
    duration: setup.duration,
    hosts: { A: { ...NEAT, ...hosts, ...setup.a }, B: { ...NEAT, ...hosts, ...setup.b } },
    link: { 'A→B': { latency, ...link, ...setup.there }, 'B→A': { latency, ...link, ...setup.back } },
    router: setup.router ?? false,
    flows: setup.flows,
    actions: setup.actions ?? [],
  }
}

/** A scenario with something changed, for a learner to try: what is given is put on top of what was there. */
export function vary(base: Scenario, title: string, change: Partial<Setup>): Scenario {
  const { hosts, link } = base
  return {
    ...base,
    title,
    duration: change.duration ?? base.duration,
    hosts: {
      A: { ...hosts.A, ...change.hosts, ...change.a },
      B: { ...hosts.B, ...change.hosts, ...change.b },
    },
    link: {
      'A→B': { ...link['A→B'], ...change.link, ...change.there },
      'B→A': { ...link['B→A'], ...change.link, ...change.back },
    },
    flows: change.flows ?? base.flows,
    actions: change.actions ?? base.actions,
  }
}
