import type { Scenario } from '../scenario.ts'

/** What an empty address stands for: a download over a line such as many have at home, with a queue that is neither short nor long. */
export const defaultScenario: Scenario = {
  version: 1,
  title: '',
  seed: 1,
  ip: 4,
  duration: 10_000,
  hosts: { A: {}, B: {} },
  link: {
    'A→B': { latency: 20, bandwidth: 10_000_000, queue: 50 },
    'B→A': { latency: 20, bandwidth: 10_000_000, queue: 50 },
  },
  router: false,
  flows: [{ app: 'bulk', from: 'A', bytes: 500_000 }],
  actions: [],
}
