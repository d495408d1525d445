import type { Lab } from '../app/lab.ts'
import { type LabState, SPEEDS, type Speed, type View } from '../app/store.ts'
import { timeText } from './format.ts'
import { h, setText } from './h.ts'
import { type IconName, icon } from './icons.ts'

/** Of the slider: its value is a part of the time that has been shown. */
const STEPS = 1000

/** Play, pause, step, speed, and a slider to go back and forth. */
export class TransportView implements View {
  readonly element: HTMLElement
  private readonly playButton: HTMLButtonElement
  private readonly slider: HTMLInputElement
  private readonly speeds: HTMLSelectElement
  private readonly time: HTMLElement
  private readonly end: HTMLElement
  private readonly lab: Lab

  constructor(lab: Lab) {
    this.lab = lab
    this.playButton = h('button', { type: 'button', class: 'play', on: { click: () => lab.togglePlay() } })
    this.slider = h('input', {
      type: 'range',
      min: 0,
      max: STEPS,
      step: 1,
      value: 0,
      class: 'scrubber',
      'aria-label': 'Time',
      on: { input: () => this.scrub() },
    })
    this.speeds = h(
      'select',
      { 'aria-label': 'Speed', on: { change: () => lab.setSpeed(SPEEDS[this.speeds.selectedIndex]) } },
      ...SPEEDS.map((speed) => h('option', {}, speedText(speed))),
    )
    this.time = h('output', { class: 'time', 'aria-label': 'Time of the cursor' })
    this.end = h('span', { class: 'time-end' })
    this.element = h(
      'div',
      { class: 'transport', role: 'toolbar', 'aria-label': 'Time' },
      iconButton('start', 'Back to the start', () => lab.seek(0)),
      iconButton('back', 'One event back', () => lab.stepBack()),
      this.playButton,
      iconButton('step', 'One event on', () => lab.step()),
      iconButton('end', 'Run to the end', () => lab.toEnd()),
      h('label', { class: 'speed' }, h('span', { class: 'wide-only' }, 'Speed '), this.speeds),
      this.slider,
      h('span', { class: 'clock' }, this.time, h('span', { class: 'wide-only' }, ' of ', this.end)),
    )
  }

  update(state: LabState): void {
    const { playing, cursor, horizon } = state
    if (this.playButton.dataset.shows !== String(playing)) {
      this.playButton.dataset.shows = String(playing)
      this.playButton.replaceChildren(icon(playing ? 'pause' : 'play'))
    }
    this.playButton.setAttribute('aria-label', playing ? 'Pause' : 'Play')
    this.playButton.title = `${playing ? 'Pause' : 'Play'} (space)`
    setText(this.time, timeText(cursor.time))
    setText(this.end, timeText(horizon))
    this.speeds.selectedIndex = SPEEDS.indexOf(state.speed)
    const value = horizon > 0 ? Math.round((cursor.time / horizon) * STEPS) : 0
    if (document.activeElement !== this.slider || playing) this.slider.value = String(value)
    this.slider.setAttribute('aria-valuetext', timeText(cursor.time))
    this.slider.style.setProperty('--part', `${value / 10}%`)
  }

  private scrub(): void {
    this.lab.pause()
    this.lab.seek((Number(this.slider.value) / STEPS) * this.lab.state.horizon)
  }
}

function speedText(speed: Speed): string {
  if (speed === Number.POSITIVE_INFINITY) return 'max'
  return speed < 1 ? `1/${Math.round(1 / speed)}` : `${speed}×`
}

function iconButton(sign: IconName, name: string, act: () => void): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: 'icon', 'aria-label': name, title: name, on: { click: act } },
    icon(sign),
  )
}
