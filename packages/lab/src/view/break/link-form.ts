import type { Lab } from '../../app/lab.ts'
import type { LinkSettings, Scenario, Way } from '../../model/scenario.ts'
import { h, setText } from '../h.ts'
import { LINK_SLIDERS, LINK_SWITCHES, type LinkSlider, linkAt, withLink } from './link-settings.ts'

const WAYS: readonly Way[] = ['A→B', 'B→A']

/** Sliders for each way of the link. */
export class LinkForm {
  readonly element: HTMLElement
  private readonly lab: Lab
  private readonly fromNow: HTMLInputElement
  private readonly both: HTMLInputElement
  private readonly sliders: { slider: LinkSlider; way: Way; input: HTMLInputElement; output: HTMLElement }[] =
    []
  private readonly switches: {
    name: 'codel' | 'ecn' | 'icmp'
    otherwise: boolean
    way: Way
    input: HTMLInputElement
  }[] = []

  constructor(lab: Lab) {
    this.lab = lab
    this.fromNow = h('input', { type: 'checkbox' })
    this.both = h('input', { type: 'checkbox', checked: true })
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'form-options' },
        h('label', { class: 'check' }, this.both, 'both ways alike'),
        h('label', { class: 'check' }, this.fromNow, 'only from the cursor’s time on'),
      ),
      h(
        'table',
        { class: 'settings' },
        h('caption', { class: 'visually-hidden' }, 'The link, per way'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Link'),
            ...WAYS.map((way) => h('th', { scope: 'col' }, way)),
          ),
        ),
        h(
          'tbody',
          {},
          ...LINK_SLIDERS.map((slider) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row', title: slider.title }, slider.label),
              ...WAYS.map((way) => this.sliderCell(slider, way)),
            ),
          ),
          ...LINK_SWITCHES.map(({ name, label, title, default: otherwise }) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row', title }, label),
              ...WAYS.map((way) => this.switchCell(name, label, otherwise, way)),
            ),
          ),
        ),
      ),
    )
  }

  show(scenario: Scenario, time: number): void {
    for (const { slider, way, input, output } of this.sliders) {
      if (document.activeElement === input && input.matches(':active')) continue
      const value = linkAt(scenario, way, time)[slider.name]
      input.value = String(slider.toPosition(value))
      this.say(slider, input, output, value)
    }
    for (const { name, way, input, otherwise } of this.switches) {
      input.checked = linkAt(scenario, way, time)[name] ?? otherwise
    }
  }

  private say(
    slider: LinkSlider,
    input: HTMLInputElement,
    output: HTMLElement,
    value: number | undefined,
  ): void {
    const text = slider.text(value)
    setText(output, text)
    input.setAttribute('aria-valuetext', text)
  }

  private sliderCell(slider: LinkSlider, way: Way): HTMLElement {
    const output = h('span', { class: 'slider-value' })
    const value = (): number => slider.fromPosition(Number(input.value))
    const input = h('input', {
      type: 'range',
      min: 0,
      max: 100,
      step: 0.5,
      'aria-label': `${slider.label} ${way}`,
      'data-setting': `${slider.name} ${way}`,
      on: {
        input: () => this.say(slider, input, output, value()),
        change: () => this.apply(way, { [slider.name]: value() }),
      },
    })
    this.sliders.push({ slider, way, input, output })
    return h('td', {}, h('div', { class: 'slider' }, input, output))
  }

  private switchCell(
    name: 'codel' | 'ecn' | 'icmp',
    label: string,
    otherwise: boolean,
    way: Way,
  ): HTMLElement {
    const input = h('input', {
      type: 'checkbox',
      'aria-label': `${label} ${way}`,
      'data-setting': `${name} ${way}`,
      on: { change: () => this.apply(way, { [name]: input.checked }) },
    })
    this.switches.push({ name, otherwise, way, input })
    return h('td', {}, input)
  }

  private apply(way: Way, set: Partial<LinkSettings>): void {
    const { lab } = this
    const { scenario } = lab
    if (scenario === null) return
    const ways = this.both.checked ? WAYS : [way]
    if (this.fromNow.checked) {
      for (const one of ways) lab.act({ do: 'link', way: one, set })
    } else {
      lab.change(ways.reduce((changed, one) => withLink(changed, one, set), scenario))
    }
  }
}
