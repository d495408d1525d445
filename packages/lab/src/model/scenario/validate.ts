import type { Action, FlowSettings, HostSettings, LinkSettings, Scenario } from '../scenario.ts'
import {
  asObject,
  type Check,
  type Fields,
  kindOf,
  list,
  number,
  object,
  oneOf,
  ScenarioError,
  text,
  truth,
  whole,
} from './checks.ts'

const LONGEST = 3_600_000
const MOST_BYTES = 200_000_000
const MOST_FLOWS = 8
const MOST_ACTIONS = 1000
const MOST_CHOSEN = 1000

const host = oneOf('A', 'B')
const way = oneOf('A→B', 'B→A')
const time = number(0, LONGEST)
const congestion = oneOf('cubic', 'newreno', 'bbr')
const chance = number(0, 1)
const bytes = whole(0, MOST_BYTES)
const segment = whole(0, 10_000_000)

const hostSettings: Check<HostSettings> = object(
  {},
  {
    congestion,
    sack: truth,
    rack: truth,
    tailLossProbe: truth,
    timestamps: truth,
    windowScaling: truth,
    ecn: truth,
    delayedAck: whole(0, 499),
    quickAck: truth,
    initialWindow: whole(1, 1000),
    sendBuffer: whole(1, 1 << 24),
    receiveBuffer: whole(1, 1 << 24),
    // Linux's TCP_MIN_MSS.
    maxSegment: whole(88, 1460),
    slowStartAfterIdle: truth,
    synCookies: truth,
    mtuProbing: oneOf<'blackHole' | 'always' | false>('blackHole', 'always', false),
    minRto: whole(1, 60_000),
    initialRto: whole(1, 120_000),
    isn: whole(0, 0xffff_ffff),
  },
)

const latency = number(0, 10_000)

const linkFields: Fields = {
  jitter: number(0, 10_000),
  bandwidth: number(1000, 1e10),
  queue: whole(0, 65_536),
  codel: truth,
  ecn: truth,
  loss: chance,
  reorder: chance,
  reorderBy: number(0, 10_000),
  duplicate: chance,
  corrupt: chance,
  mtu: whole(68, 65_535),
  icmp: truth,
  dropData: list(segment, 0, MOST_CHOSEN),
  dropAny: list(segment, 0, MOST_CHOSEN),
}

const linkSettings: Check<LinkSettings> = object({ latency }, linkFields)

const everyFlow: Fields = { start: time, nagle: truth, congestion, keepAlive: whole(0, 32_767_000) }

function app(name: string, fields: Fields, optional: Fields = {}): Check<unknown> {
  return object({ app: oneOf(name), ...fields }, { ...optional, ...everyFlow })
}

const times = whole(1, 100_000)
/** Writes for one question. */
const MOST_PIECES = 100

const flow: Check<FlowSettings> = kindOf('app', {
  bulk: app('bulk', { from: host, bytes }),
  requests: app(
    'requests',
    { request: whole(1, MOST_BYTES), response: whole(1, MOST_BYTES), times, pause: time },
    { pieces: whole(1, MOST_PIECES) },
  ),
  typing: app('typing', { bytes: whole(1, MOST_BYTES), times, pause: time }),
  slowReader: app('slowReader', {
    bytes,
    read: whole(1, MOST_BYTES),
    every: number(0.001, LONGEST),
    readFrom: time,
  }),
  halfClose: app('halfClose', { bytes, answer: bytes }),
  simultaneousOpen: app('simultaneousOpen', { bytes }),
  vanish: app('vanish', { bytes, who: host, at: time }, { back: time }),
  synFlood: app('synFlood', { syns: whole(1, 10_000), backlog: whole(1, 65_535) }),
  idle: app('idle', {}),
})

function act(name: string, needed: Fields, optional: Fields = {}): Check<unknown> {
  return object({ at: time, do: oneOf(name), ...needed }, optional)
}

const flowIndex = whole(0, MOST_FLOWS - 1)
/** As far as relative numbers may lie from the ISN. */
const relative = whole(-0x8000_0000, 0xffff_ffff)

const flags: Check<string> = (value, where) => {
  const letters = text(8)(value, where)
  if (/^[SFRPAUEW]*$/.test(letters)) return letters
  throw new ScenarioError(`${where} must be letters of SFRPAUEW, and not '${letters}'`)
}

const action: Check<Action> = kindOf('do', {
  dropNext: act('dropNext', { way }, { data: truth }),
  drop: act('drop', { segment }),
  flip: act('flip', { segment, bit: whole(0, 8 * 1514 - 1) }),
  forge: act(
    'forge',
    { way, flags, seq: relative, ack: relative, bytes: whole(0, 1400) },
    { flow: flowIndex },
  ),
  link: act('link', { way, set: object({}, { latency, ...linkFields }) }),
  close: act('close', { host, flow: flowIndex }),
  abort: act('abort', { host, flow: flowIndex }),
})

const scenario: Check<Scenario> = object({
  version: oneOf(1),
  title: text(200),
  seed: whole(0, 0xffff_ffff),
  ip: oneOf(4, 6),
  duration: number(1, LONGEST),
  hosts: object({ A: hostSettings, B: hostSettings }),
  link: object({ 'A→B': linkSettings, 'B→A': linkSettings }),
  router: truth,
  flows: list(flow, 1, MOST_FLOWS),
  actions: list(action, 0, MOST_ACTIONS),
})

/**
 * Looks at what should be a scenario: from an address, a file, or a program.
 * @returns the same, its keys in a fixed order, its actions in order of time
 * @throws ScenarioError with one sentence about the first thing that is wrong
 */
export function validateScenario(json: unknown): Scenario {
  const { version } = asObject(json, '')
  if (typeof version === 'number' && version > 1) {
    throw new ScenarioError(`The scenario is of version ${version}; this lab knows version 1`)
  }
  const checked = scenario(json, '')
  for (const [i, one] of checked.actions.entries()) {
    if (!('flow' in one) || one.flow === undefined || one.flow < checked.flows.length) continue
    throw new ScenarioError(
      `actions[${i}].flow must be one of the ${checked.flows.length} flows, and not ${one.flow}`,
    )
  }
  return { ...checked, actions: checked.actions.toSorted((a, b) => a.at - b.at) }
}
