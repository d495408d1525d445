import type { FlowSettings, HostSettings, LinkSettings, Scenario } from '../../model/scenario.ts'

/** One setting that can be made another: what the run has now, and what it gets. */
export interface Comparison {
  readonly id: string
  readonly title: string
  readonly first: string
  readonly second: string
  readonly scenario: Scenario
}

/** Every comparison that makes a difference to this scenario. */
export function comparisonsOf(scenario: Scenario): Comparison[] {
  return [
    ...congestion(scenario),
    ...hostSwitches(scenario),
    ...hostNumbers(scenario),
    ...links(scenario),
    ...flows(scenario),
  ]
}

function congestion(scenario: Scenario): Comparison[] {
  const names = { cubic: 'CUBIC', newreno: 'NewReno', bbr: 'BBR' } as const
  const now = scenario.hosts.A.congestion ?? 'cubic'
  return (['cubic', 'newreno', 'bbr'] as const)
    .filter((name) => name !== now)
    .map((name) => ({
      id: `congestion-${name}`,
      title: 'Congestion control',
      first: names[now],
      second: names[name],
      scenario: withHosts(scenario, { congestion: name }),
    }))
}

const SWITCHES = [
  ['sack', 'SACK', true],
  ['rack', 'RACK', true],
  ['tailLossProbe', 'Tail loss probe', true],
  ['timestamps', 'Timestamps', true],
  ['windowScaling', 'Window scaling', true],
  ['ecn', 'ECN of the hosts', false],
  ['quickAck', 'Quick ACKs', true],
] as const

function hostSwitches(scenario: Scenario): Comparison[] {
  return SWITCHES.map(([name, title, otherwise]) => {
    const now = scenario.hosts.A[name] ?? otherwise
    return {
      id: name,
      title,
      first: `${title}: ${now ? 'on' : 'off'}`,
      second: `${title}: ${now ? 'off' : 'on'}`,
      scenario: withHosts(scenario, { [name]: !now }),
    }
  })
}

function hostNumbers(scenario: Scenario): Comparison[] {
  const window = scenario.hosts.A.initialWindow ?? 10
  const delay = scenario.hosts.B.delayedAck ?? 40
  const small = 16_384
  const windows = [1, 3, 10, 32].filter((segments) => segments !== window)
  return [
    ...windows.map((segments) => ({
      id: `initial-window-${segments}`,
      title: 'Initial window',
      first: `Initial window ${window}`,
      second: `Initial window ${segments}`,
      scenario: withHosts(scenario, { initialWindow: segments }),
    })),
    ...[0, 200]
      .filter((time) => time !== delay)
      .map((time) => ({
        id: `delayed-ack-${time}`,
        title: 'Delayed ACK',
        first: `Delayed ACK ${delay} ms`,
        second: `Delayed ACK ${time} ms`,
        scenario: withHosts(scenario, { delayedAck: time }),
      })),
    {
      id: 'small-receive-buffer',
      title: 'Receive buffer',
      first: 'Receive buffer as it is',
      second: 'Receive buffer 16 KiB',
      scenario: withHosts(scenario, { receiveBuffer: small }),
    },
  ]
}

function links(scenario: Scenario): Comparison[] {
  const { latency, queue = 100, loss = 0, codel = false, ecn = false, bandwidth } = scenario.link['A→B']
  const list: Comparison[] = []
  const add = (
    id: string,
    title: string,
    first: string,
    second: string,
    set: Partial<LinkSettings>,
  ): void => {
    list.push({
      id,
      title,
      first: `${title} ${first}`,
      second: `${title} ${second}`,
      scenario: withLinks(scenario, set),
    })
  }
  add('loss', 'Loss', `${loss * 100} %`, loss > 0 ? '0 %' : '2 %', { loss: loss > 0 ? 0 : 0.02 })
  add('latency', 'Latency', `${latency} ms`, `${latency * 4} ms`, { latency: latency * 4 })
  if (bandwidth !== undefined) {
    add('small-queue', 'Queue', `${queue}`, `${Math.max(1, Math.round(queue / 5))}`, {
      queue: Math.max(1, Math.round(queue / 5)),
    })
    add('large-queue', 'Queue', `${queue}`, `${queue * 5}`, { queue: queue * 5 })
    add('codel', 'CoDel', codel ? 'on' : 'off', codel ? 'off' : 'on', { codel: !codel })
    add('marks', 'Marks', ecn ? 'on' : 'off', ecn ? 'off' : 'on', { ecn: !ecn })
  }
  return list
}

function flows(scenario: Scenario): Comparison[] {
  const now = scenario.flows[0].nagle ?? true
  const all = scenario.flows.map((flow): FlowSettings => ({ ...flow, nagle: !now }))
  return [
    {
      id: 'nagle',
      title: 'Nagle',
      first: `Nagle ${now ? 'on' : 'off'}`,
      second: `Nagle ${now ? 'off' : 'on'}`,
      scenario: { ...scenario, flows: all },
    },
  ]
}

function withHosts(scenario: Scenario, set: Partial<HostSettings>): Scenario {
  const { A, B } = scenario.hosts
  return { ...scenario, hosts: { A: { ...A, ...set }, B: { ...B, ...set } } }
}

function withLinks(scenario: Scenario, set: Partial<LinkSettings>): Scenario {
  const there = { ...scenario.link['A→B'], ...set }
  const back = { ...scenario.link['B→A'], ...set }
  return { ...scenario, link: { 'A→B': there, 'B→A': back } }
}
