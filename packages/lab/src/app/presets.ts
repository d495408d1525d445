import type { FlowSettings, LinkSettings, Scenario } from '../model/scenario.ts'

/** A run to begin with, for those who want to play rather than be taught. */
export interface Preset {
  readonly id: string
  readonly scenario: Scenario
}

function preset(
  id: string,
  title: string,
  duration: number,
  link: LinkSettings,
  ...flows: FlowSettings[]
): Preset {
  const scenario: Scenario = {
    version: 1,
    title,
    seed: 1,
    ip: 4,
    duration,
    hosts: { A: {}, B: {} },
    link: { 'A→B': link, 'B→A': link },
    router: false,
    flows,
    actions: [],
  }
  return { id, scenario }
}

const bulk = (bytes: number, start = 0): FlowSettings => ({ app: 'bulk', from: 'A', bytes, start })

export const PRESETS: readonly Preset[] = [
  preset(
    'bulk',
    'A transfer over a line of 5 Mbit/s',
    20_000,
    { latency: 20, bandwidth: 5e6, queue: 20 },
    bulk(300_000),
  ),
  preset(
    'lossy',
    'A line that loses one packet in fifty',
    30_000,
    { latency: 20, bandwidth: 1e7, loss: 0.02 },
    bulk(300_000),
  ),
  preset(
    'reordering',
    'A path that overtakes itself',
    20_000,
    { latency: 20, bandwidth: 1e7, reorder: 0.1, jitter: 3 },
    bulk(300_000),
  ),
  preset(
    'requests',
    'Small requests over a long way',
    20_000,
    { latency: 75 },
    { app: 'requests', request: 200, response: 14_000, times: 4, pause: 200 },
  ),
  preset(
    'large',
    'Seven megabytes: five thousand segments',
    60_000,
    { latency: 20, bandwidth: 2e7, queue: 100 },
    bulk(5_000_000),
  ),
  preset(
    'two',
    'Two transfers share a line',
    60_000,
    { latency: 25, bandwidth: 5e6, queue: 40 },
    bulk(600_000),
    bulk(600_000, 400),
  ),
]
