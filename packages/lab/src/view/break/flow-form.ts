import type { Lab } from '../../app/lab.ts'
import type { FlowSettings, Scenario } from '../../model/scenario.ts'
import { h, refill } from '../h.ts'

type AppName = FlowSettings['app']

interface App {
  readonly name: AppName
  readonly text: string
  readonly settings: FlowSettings
}

/** What applications can do, each with settings to begin with. */
const APPS: readonly App[] = [
  { name: 'bulk', text: 'Bulk transfer', settings: { app: 'bulk', from: 'A', bytes: 200_000 } },
  {
    name: 'requests',
    text: 'Requests and responses',
    settings: { app: 'requests', request: 200, response: 4000, times: 5, pause: 0 },
  },
  {
    name: 'typing',
    text: 'Typing: small writes',
    settings: { app: 'typing', bytes: 10, times: 10, pause: 20 },
  },
  {
    name: 'slowReader',
    text: 'Slow reader',
    settings: { app: 'slowReader', bytes: 200_000, read: 4000, every: 50, readFrom: 300 },
  },
  { name: 'halfClose', text: 'Half-close', settings: { app: 'halfClose', bytes: 5000, answer: 20_000 } },
  { name: 'simultaneousOpen', text: 'Simultaneous open', settings: { app: 'simultaneousOpen', bytes: 1000 } },
  { name: 'vanish', text: 'Vanishing host', settings: { app: 'vanish', bytes: 20_000, who: 'B', at: 300 } },
  { name: 'synFlood', text: 'SYN flood', settings: { app: 'synFlood', syns: 40, backlog: 16 } },
  { name: 'idle', text: 'Idle connection', settings: { app: 'idle' } },
]

const LABELS: Readonly<Record<string, string>> = {
  bytes: 'Bytes',
  request: 'Request, bytes',
  response: 'Response, bytes',
  times: 'Times',
  pause: 'Pause, ms',
  read: 'Reads, bytes',
  every: 'Every, ms',
  readFrom: 'Begins to read, ms',
  answer: 'Answer, bytes',
  at: 'When, ms',
  syns: 'SYNs',
  backlog: 'Backlog',
  start: 'Begins, ms',
  keepAlive: 'Keepalive after, ms',
}

/** Large enough for any lesson, small enough for the memory of a page. */
const MOST = 50_000_000
const MOST_FLOWS = 8

/** What the applications of each connection do. */
export class FlowForm {
  readonly element: HTMLElement
  private readonly lab: Lab
  private shown = ''

  constructor(lab: Lab) {
    this.lab = lab
    this.element = h('div', { class: 'flow-forms' })
  }

  show(scenario: Scenario): void {
    const key = JSON.stringify(scenario.flows)
    if (key === this.shown || (this.element.contains(document.activeElement) && key === this.shown)) return
    this.shown = key
    refill(
      this.element,
      ...scenario.flows.map((flow, index) => this.flow(scenario, flow, index)),
      scenario.flows.length < MOST_FLOWS &&
        h(
          'button',
          {
            type: 'button',
            on: {
              click: () => this.lab.change({ ...scenario, flows: [...scenario.flows, APPS[0].settings] }),
            },
          },
          'Add a connection',
        ),
    )
  }

  private flow(scenario: Scenario, flow: FlowSettings, index: number): HTMLElement {
    const apps = h(
      'select',
      {
        'aria-label': `Application of connection ${index + 1}`,
        'data-setting': `app ${index}`,
        on: {
          change: () =>
            this.replace(scenario, index, { ...common(flow), ...APPS[apps.selectedIndex].settings }),
        },
      },
      ...APPS.map(({ text }) => h('option', {}, text)),
    )
    apps.selectedIndex = APPS.findIndex(({ name }) => name === flow.app)
    return h(
      'fieldset',
      { class: 'flow-form' },
      h('legend', {}, `Connection ${index + 1}`),
      apps,
      ...this.numbers(scenario, flow, index),
      this.nagle(scenario, flow, index),
      scenario.flows.length > 1 &&
        h(
          'button',
          {
            type: 'button',
            class: 'quiet-button',
            on: {
              click: () =>
                this.lab.change({ ...scenario, flows: scenario.flows.filter((_, at) => at !== index) }),
            },
          },
          'Remove',
        ),
    )
  }

  private numbers(scenario: Scenario, flow: FlowSettings, index: number): HTMLElement[] {
    const values: Record<string, unknown> = { ...flow }
    const own = APPS.find(({ name }) => name === flow.app)!.settings
    const names = [...Object.keys(own).filter((name) => name in LABELS), 'start', 'keepAlive']
    const fields: HTMLElement[] = names.map((name) => {
      const input = h('input', {
        type: 'number',
        min: 0,
        max: MOST,
        value: Number(values[name] ?? 0),
        'data-setting': `${name} ${index}`,
        on: {
          change: () => {
            const value = Math.min(MOST, Math.max(0, Math.round(Number(input.value) || 0)))
            this.replace(scenario, index, { ...flow, [name]: value } as FlowSettings)
          },
        },
      })
      return h('label', {}, LABELS[name], input)
    })
    for (const name of ['from', 'who'] as const) {
      if (!(name in own)) continue
      const select = h(
        'select',
        {
          on: {
            change: () => this.replace(scenario, index, { ...flow, [name]: select.value } as FlowSettings),
          },
        },
        h('option', {}, 'A'),
        h('option', {}, 'B'),
      )
      select.value = String(values[name])
      fields.push(h('label', {}, name === 'from' ? 'Sender' : 'Who', select))
    }
    return fields
  }

  private nagle(scenario: Scenario, flow: FlowSettings, index: number): HTMLElement {
    const input = h('input', {
      type: 'checkbox',
      'data-setting': `nagle ${index}`,
      on: { change: () => this.replace(scenario, index, { ...flow, nagle: input.checked }) },
    })
    input.checked = flow.nagle ?? true
    return h('label', { class: 'check' }, input, 'Nagle')
  }

  private replace(scenario: Scenario, index: number, flow: FlowSettings): void {
    this.lab.change({ ...scenario, flows: scenario.flows.map((one, at) => (at === index ? flow : one)) })
  }
}

/** What every application has. */
function common({ start, nagle, congestion, keepAlive }: FlowSettings) {
  return {
    ...(start !== undefined && { start }),
    ...(nagle !== undefined && { nagle }),
    ...(congestion !== undefined && { congestion }),
    ...(keepAlive !== undefined && { keepAlive }),
  }
}
