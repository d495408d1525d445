import type { Lab } from '../../app/lab.ts'
import type { HostName, HostSettings, Scenario } from '../../model/scenario.ts'
import { h } from '../h.ts'

interface Setting {
  readonly name: keyof HostSettings
  readonly label: string
  readonly title: string
}

interface Switch extends Setting {
  readonly otherwise: boolean
}

interface NumberSetting extends Setting {
  readonly min: number
  readonly max: number
  /** What the stack does without it. */
  readonly otherwise: string
}

interface Choice extends Setting {
  /** The first is the default. */
  readonly choices: readonly (readonly [value: string, text: string])[]
}

const CHOICES: readonly Choice[] = [
  {
    name: 'congestion',
    label: 'Congestion control',
    title: 'How the congestion window grows and shrinks',
    choices: [
      ['cubic', 'CUBIC'],
      ['newreno', 'NewReno'],
      ['bbr', 'BBR'],
    ],
  },
  {
    name: 'mtuProbing',
    label: 'MTU search',
    title: 'Looks for the largest packet that passes (RFC 4821)',
    choices: [
      ['blackHole', 'when nothing passes'],
      ['always', 'always'],
      ['false', 'never'],
    ],
  },
]

const SWITCHES: readonly Switch[] = [
  { name: 'sack', label: 'SACK', title: 'Selective acknowledgement (RFC 2018)', otherwise: true },
  { name: 'rack', label: 'RACK', title: 'Finds losses by time (RFC 8985)', otherwise: true },
  {
    name: 'tailLossProbe',
    label: 'Tail loss probe',
    title: 'Asks after a lost end (RFC 8985 section 7)',
    otherwise: true,
  },
  { name: 'timestamps', label: 'Timestamps', title: 'On every segment (RFC 7323)', otherwise: true },
  {
    name: 'windowScaling',
    label: 'Window scaling',
    title: 'Windows above 65,535 bytes (RFC 7323)',
    otherwise: true,
  },
  { name: 'ecn', label: 'ECN', title: 'Asks for marks instead of losses (RFC 3168)', otherwise: false },
  { name: 'quickAck', label: 'Quick ACKs', title: 'Acknowledges at once at the start', otherwise: true },
  {
    name: 'slowStartAfterIdle',
    label: 'Slow start after idle',
    title: 'Shrinks the window after a pause (RFC 5681 section 4.1)',
    otherwise: true,
  },
  {
    name: 'synCookies',
    label: 'SYN cookies',
    title: 'Where the SYN queue is full (RFC 4987)',
    otherwise: true,
  },
]

const NUMBERS: readonly NumberSetting[] = [
  {
    name: 'delayedAck',
    label: 'Delayed ACK, ms',
    title: 'How long an ACK may wait',
    min: 0,
    max: 500,
    otherwise: '40',
  },
  {
    name: 'initialWindow',
    label: 'Initial window, segments',
    title: 'RFC 6928',
    min: 1,
    max: 100,
    otherwise: '10',
  },
  {
    name: 'maxSegment',
    label: 'Largest segment, bytes',
    title: 'The MSS option',
    min: 88,
    max: 1460,
    otherwise: 'by MTU',
  },
  {
    name: 'sendBuffer',
    label: 'Send buffer, bytes',
    title: 'Fixed; empty: it tunes itself',
    min: 2048,
    max: 16_777_216,
    otherwise: 'tuned',
  },
  {
    name: 'receiveBuffer',
    label: 'Receive buffer, bytes',
    title: 'Fixed; empty: it tunes itself',
    min: 2048,
    max: 16_777_216,
    otherwise: 'tuned',
  },
  {
    name: 'minRto',
    label: 'Least RTO, ms',
    title: 'RFC 6298 would have 1000',
    min: 1,
    max: 10_000,
    otherwise: '200',
  },
  {
    name: 'initialRto',
    label: 'First RTO, ms',
    title: 'Before anything was measured',
    min: 10,
    max: 10_000,
    otherwise: '1000',
  },
]

const HOSTS: readonly HostName[] = ['A', 'B']

/** Toggles and numbers for each host. Changing one makes the same run again with it. */
export class HostForm {
  readonly element: HTMLElement
  private readonly lab: Lab
  private readonly fields: ((scenario: Scenario) => void)[] = []

  constructor(lab: Lab) {
    this.lab = lab
    const row = (setting: Setting, cell: (host: HostName) => HTMLElement): HTMLElement =>
      h(
        'tr',
        {},
        h('th', { scope: 'row', title: setting.title }, setting.label),
        ...HOSTS.map((host) => h('td', {}, cell(host))),
      )
    this.element = h(
      'table',
      { class: 'settings' },
      h('caption', { class: 'visually-hidden' }, 'Settings of the hosts'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Host'),
          ...HOSTS.map((host) => h('th', { scope: 'col' }, host)),
        ),
      ),
      h(
        'tbody',
        {},
        ...CHOICES.map((setting) => row(setting, (host) => this.choice(setting, host))),
        ...SWITCHES.map((setting) => row(setting, (host) => this.switch(setting, host))),
        ...NUMBERS.map((setting) => row(setting, (host) => this.number(setting, host))),
      ),
    )
  }

  show(scenario: Scenario): void {
    for (const field of this.fields) field(scenario)
  }

  private choice({ name, label, choices }: Choice, host: HostName): HTMLElement {
    const select = h(
      'select',
      {
        'aria-label': `${label}, ${host}`,
        'data-setting': `${name} ${host}`,
        on: {
          change: () => {
            const value = choices[select.selectedIndex][0]
            this.apply(host, name, select.selectedIndex === 0 ? undefined : value === 'false' ? false : value)
          },
        },
      },
      ...choices.map(([, text]) => h('option', {}, text)),
    )
    this.fields.push(({ hosts }) => {
      const value = String(hosts[host][name] ?? choices[0][0])
      select.selectedIndex = Math.max(
        0,
        choices.findIndex(([one]) => one === value),
      )
    })
    return select
  }

  private switch({ name, label, otherwise }: Switch, host: HostName): HTMLElement {
    const input = h('input', {
      type: 'checkbox',
      'aria-label': `${label}, ${host}`,
      'data-setting': `${name} ${host}`,
      on: { change: () => this.apply(host, name, input.checked === otherwise ? undefined : input.checked) },
    })
    this.fields.push(({ hosts }) => {
      input.checked = (hosts[host][name] as boolean | undefined) ?? otherwise
    })
    return input
  }

  private number({ name, label, min, max, otherwise }: NumberSetting, host: HostName): HTMLElement {
    const input = h('input', {
      type: 'number',
      min,
      max,
      placeholder: otherwise,
      'aria-label': `${label}, ${host}`,
      'data-setting': `${name} ${host}`,
      on: {
        change: () => {
          const value = Math.round(Number(input.value))
          const given = input.value !== '' && Number.isFinite(value)
          this.apply(host, name, given ? Math.min(max, Math.max(min, value)) : undefined)
        },
      },
    })
    this.fields.push(({ hosts }) => {
      if (document.activeElement !== input) input.value = String(hosts[host][name] ?? '')
    })
    return input
  }

  /** @param value undefined for the stack's default */
  private apply(host: HostName, name: keyof HostSettings, value: unknown): void {
    const { scenario } = this.lab
    if (scenario === null) return
    const { [name]: _before, ...rest } = scenario.hosts[host]
    const settings = value === undefined ? rest : { ...rest, [name]: value }
    this.lab.change({ ...scenario, hosts: { ...scenario.hosts, [host]: settings as HostSettings } })
  }
}
