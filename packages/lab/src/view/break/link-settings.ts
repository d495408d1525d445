import type { Action, LinkSettings, Scenario, Way } from '../../model/scenario.ts'
import { rateText, timeText } from '../format.ts'

/** A setting of one way of the link, on a slider from 0 to 100. */
export interface LinkSlider {
  readonly name:
    | 'latency'
    | 'jitter'
    | 'bandwidth'
    | 'queue'
    | 'loss'
    | 'reorder'
    | 'duplicate'
    | 'corrupt'
    | 'mtu'
  readonly label: string
  readonly title: string
  /** Where the slider stands for a value; undefined is the default. */
  toPosition(value: number | undefined): number
  fromPosition(position: number): number
  text(value: number | undefined): string
}

/** As good as no bottleneck: the most that a link can be given. */
export const NO_BOTTLENECK = 1e10
const SLOWEST = 1e4
const FASTEST = 1e9
const DEFAULT_QUEUE = 100
const LARGEST_PACKET = 1500
const SMALLEST_PACKET = 300

/** More room for small values. */
function power(most: number, exponent: number, round: (value: number) => number) {
  return {
    toPosition: (value = 0) => 100 * (value / most) ** (1 / exponent),
    fromPosition: (position: number) => round(most * (position / 100) ** exponent),
  }
}

const tenths = (value: number): number => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value))
const share = (value: number): number => Number(value.toPrecision(2))
const percent = (value = 0): string => (value === 0 ? 'none' : `${Number((value * 100).toPrecision(2))} %`)

export const LINK_SLIDERS: readonly LinkSlider[] = [
  {
    name: 'latency',
    label: 'Latency',
    title: 'How long a frame is on its way',
    ...power(1000, 2.5, tenths),
    text: (value = 0) => timeText(value),
  },
  {
    name: 'bandwidth',
    label: 'Bandwidth',
    title: 'Bits a second at the bottleneck',
    toPosition: (value = NO_BOTTLENECK) =>
      value > FASTEST ? 100 : (99 * Math.log(value / SLOWEST)) / Math.log(FASTEST / SLOWEST),
    fromPosition: (position) =>
      position > 99.5
        ? NO_BOTTLENECK
        : Number((SLOWEST * (FASTEST / SLOWEST) ** (Math.min(99, position) / 99)).toPrecision(2)),
    text: (value = NO_BOTTLENECK) => (value > FASTEST ? 'no limit' : rateText(value)),
  },
  {
    name: 'queue',
    label: 'Queue',
    title: 'Packets that may wait at the bottleneck',
    toPosition: (value = DEFAULT_QUEUE) => (100 * Math.log(value)) / Math.log(1000),
    fromPosition: (position) => Math.round(1000 ** (position / 100)),
    text: (value = DEFAULT_QUEUE) => `${value} packets`,
  },
  {
    name: 'loss',
    label: 'Loss',
    title: 'Share of packets that are lost',
    ...power(0.5, 2.5, share),
    text: percent,
  },
  {
    name: 'reorder',
    label: 'Reordering',
    title: 'Share of packets that are overtaken',
    ...power(0.5, 2.5, share),
    text: percent,
  },
  {
    name: 'jitter',
    label: 'Jitter',
    title: 'How much the latency varies',
    ...power(200, 2.5, tenths),
    text: (value = 0) => (value === 0 ? 'none' : timeText(value)),
  },
  {
    name: 'duplicate',
    label: 'Duplication',
    title: 'Share of packets that come twice',
    ...power(0.5, 2.5, share),
    text: percent,
  },
  {
    name: 'corrupt',
    label: 'Damage',
    title: 'Share of packets in which a bit is flipped',
    ...power(0.5, 2.5, share),
    text: percent,
  },
  {
    name: 'mtu',
    label: 'MTU',
    title: 'The largest packet that passes',
    toPosition: (value = LARGEST_PACKET) =>
      (100 * (value - SMALLEST_PACKET)) / (LARGEST_PACKET - SMALLEST_PACKET),
    fromPosition: (position) =>
      Math.round((SMALLEST_PACKET + ((LARGEST_PACKET - SMALLEST_PACKET) * position) / 100) / 20) * 20,
    text: (value = LARGEST_PACKET) => `${value} bytes`,
  },
]

export const LINK_SWITCHES = [
  { name: 'codel', label: 'CoDel', title: 'Drops early what has waited too long (RFC 8289)', default: false },
  {
    name: 'ecn',
    label: 'Marks (ECN)',
    title: 'Marks packets instead of dropping them, where they allow it (RFC 3168)',
    default: false,
  },
  {
    name: 'icmp',
    label: 'Says “too big”',
    title: 'Tells the sender of a packet that is too large (ICMP); without it, it is a black hole',
    default: true,
  },
] as const

/** What the link is at that time: as the scenario begins, and as it was changed since. */
export function linkAt(scenario: Scenario, way: Way, time: number): LinkSettings {
  let settings = scenario.link[way]
  for (const action of scenario.actions) {
    if (action.do === 'link' && action.way === way && action.at <= time)
      settings = { ...settings, ...action.set }
  }
  return settings
}

/** The scenario with another link from its beginning; what was changed on the way is forgotten for what is set. */
export function withLink(scenario: Scenario, way: Way, set: Partial<LinkSettings>): Scenario {
  const names = Object.keys(set)
  const actions = scenario.actions.flatMap((action): Action[] => {
    if (action.do !== 'link' || action.way !== way) return [action]
    const kept = Object.fromEntries(Object.entries(action.set).filter(([name]) => !names.includes(name)))
    return Object.keys(kept).length > 0 ? [{ ...action, set: kept }] : []
  })
  return { ...scenario, actions, link: { ...scenario.link, [way]: { ...scenario.link[way], ...set } } }
}
