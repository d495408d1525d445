import type { FlowSettings, LinkSettings, Scenario, Way } from '../../src/model/scenario.ts'

type Changes = Partial<Omit<Scenario, 'link'>> & {
  /** For both ways. */
  readonly both?: Partial<LinkSettings>
  readonly there?: Partial<LinkSettings>
  readonly back?: Partial<LinkSettings>
}

/** 20 ms each way, and segments of 1,000 bytes: numbers that one can add up. */
export function scenarioOf(flow: FlowSettings | readonly FlowSettings[], changes: Changes = {}): Scenario {
  const { both = {}, there = {}, back = {}, ...rest } = changes
  const host = { maxSegment: 1000, timestamps: false }
  const link: Record<Way, LinkSettings> = {
    'A→B': { latency: 20, ...both, ...there },
    'B→A': { latency: 20, ...both, ...back },
  }
  return {
    version: 1,
    title: '',
    seed: 1,
    ip: 4,
    duration: 120_000,
    hosts: { A: host, B: host },
    router: false,
    flows: Array.isArray(flow) ? flow : [flow as FlowSettings],
    actions: [],
    ...rest,
    link,
  }
}

export const bulk = (bytes: number): FlowSettings => ({ app: 'bulk', from: 'A', bytes })
