import type { Lab, MakeSimulation } from '../../app/lab.ts'
import { LessonSession } from '../../app/lesson-session.ts'
import type { Preset } from '../../app/presets.ts'
import { markDone } from '../../app/progress.ts'
import type { LabState, View } from '../../app/store.ts'
import type { Focus, Lesson } from '../../lessons/lesson.ts'
import type { SegmentRecord } from '../../model/recording.ts'
import type { Scenario } from '../../model/scenario.ts'
import { timeText } from '../format.ts'
import { h, refill, setText } from '../h.ts'
import { lessonList } from './lesson-list.ts'
import { paragraph, type TextContext, textNodes } from './text.ts'

/** What a lesson does to the rest of the page. */
export interface LessonStage {
  /** Highlights what a step speaks of; null: nothing. */
  focus(focus: Focus | null, marked: ReadonlySet<number>): void
  /** Another lesson, or a run without one, is being shown. */
  onLesson(lesson: Lesson | null): void
}

/** The list of lessons, or one of them: predict, see, understand. */
export class LessonView implements View {
  readonly element: HTMLElement
  private readonly lab: Lab
  private readonly make: MakeSimulation
  private readonly stage: LessonStage
  private readonly title: HTMLElement
  private readonly body: HTMLElement
  private readonly back: HTMLButtonElement
  private session: LessonSession | null = null
  private touched: HTMLElement | null = null

  constructor(lab: Lab, make: MakeSimulation, stage: LessonStage) {
    this.lab = lab
    this.make = make
    this.stage = stage
    this.title = h('h2', {}, 'Lessons')
    this.back = h('button', { type: 'button', hidden: true, on: { click: () => this.list() } }, 'All lessons')
    this.body = h('div', { class: 'panel-body lesson' })
    this.element = h(
      'section',
      { class: 'panel panel-lesson', id: 'panel-lesson', 'aria-label': 'Lesson' },
      h('div', { class: 'panel-head' }, this.title, h('span', { class: 'spring' }), this.back),
      this.body,
    )
    this.list()
  }

  get lesson(): Lesson | null {
    return this.session?.lesson ?? null
  }

  update(_state: LabState): void {
    if (this.touched !== null && this.session !== null) this.touched.hidden = this.session.isUntouched
  }

  /** Shows all lessons; the run that is shown stays. */
  list(): void {
    this.session = null
    this.lab.release()
    this.stage.focus(null, new Set())
    setText(this.title, 'Lessons')
    this.back.hidden = true
    this.touched = null
    refill(
      this.body,
      lessonList(
        (lesson) => this.open(lesson),
        (preset) => this.openPreset(preset),
      ),
    )
    this.body.scrollTop = 0
  }

  openPreset(preset: Preset): void {
    this.session = null
    this.stage.focus(null, new Set())
    this.lab.open(preset.scenario)
    this.stage.onLesson(null)
    this.lab.store.set({ panel: 'ladder' })
    this.lab.play()
  }

  open(lesson: Lesson): void {
    this.session = new LessonSession(this.lab, this.make, lesson)
    this.stage.focus(null, new Set())
    this.stage.onLesson(lesson)
    this.back.hidden = false
    setText(this.title, lesson.topic)
    this.fill(this.session)
    this.body.scrollTop = 0
    if (matchMedia('(max-width: 1279px)').matches) this.lab.store.set({ panel: 'lesson' })
  }

  private context(session: LessonSession): TextContext {
    return {
      lesson: session.lesson,
      runs: session.runs,
      onSegment: (segment) => this.showSegment(session, segment),
    }
  }

  private showSegment(session: LessonSession, segment: SegmentRecord): void {
    if (segment.sentAt > this.lab.state.limit) return
    const second = session.runs.second.segments[segment.number] === segment
    this.lab.pause()
    if (segment.sentAt > this.lab.state.horizon) this.lab.seek(segment.sentAt)
    this.lab.select(segment.number, second ? 1 : 0)
    this.lab.store.set({ panel: 'segment' })
  }

  private fill(session: LessonSession): void {
    const { lesson } = session
    const context = this.context(session)
    this.touched = h(
      'p',
      { class: 'note', hidden: true },
      'You have changed this run: the text speaks of the lesson’s own. ',
      h(
        'button',
        { type: 'button', class: 'segment-link', on: { click: () => this.open(lesson) } },
        'Show that again',
      ),
    )
    refill(
      this.body,
      this.touched,
      h('h3', { class: 'lesson-title' }, lesson.title),
      h('p', { class: 'hint' }, lesson.goal),
      ...lesson.intro.map((text) => paragraph(text, context)),
      this.prediction(session, context),
      session.chosen !== null && this.steps(session, context),
      session.chosen !== null && this.after(session, context),
    )
  }

  private prediction(session: LessonSession, context: TextContext): HTMLElement {
    const { predict } = session.lesson
    const { chosen } = session
    const choices = predict.choices.map((choice, index) => {
      const input = h('input', { type: 'radio', name: 'prediction', value: index, 'data-choice': index })
      input.checked = chosen === index
      input.disabled = chosen !== null
      const right = index === predict.answer
      const verdict = chosen === null ? '' : right ? ' right' : chosen === index ? ' wrong' : ''
      return h(
        'label',
        { class: `choice${verdict}` },
        input,
        h(
          'span',
          {},
          h('span', {}, ...textNodes(choice.text, context)),
          chosen !== null &&
            (right || chosen === index) &&
            h(
              'span',
              { class: 'reply' },
              h('b', {}, right ? 'Right. ' : 'Not quite. '),
              ...textNodes(choice.reply, context),
            ),
        ),
      )
    })
    const form = h(
      'form',
      { class: 'prediction', 'data-predict': true },
      h('fieldset', {}, h('legend', {}, ...textNodes(predict.question, context)), ...choices),
      chosen === null && h('button', { class: 'primary' }, 'That is my guess'),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const checked = form.querySelector<HTMLInputElement>('input:checked')
      if (checked === null || session.chosen !== null) return
      session.choose(Number(checked.value))
      this.fill(session)
      this.body.querySelector<HTMLElement>('.steps button')?.focus({ preventScroll: true })
      this.body.querySelector('.choice.right')?.scrollIntoView({ block: 'nearest' })
    })
    return form
  }

  private steps(session: LessonSession, context: TextContext): HTMLElement {
    const { lesson } = session
    const items = lesson.steps.map((step, index) => {
      const time = session.timeOf(step.at)
      return h(
        'li',
        { class: index === session.step ? 'current' : '' },
        h(
          'button',
          {
            type: 'button',
            class: 'step-time',
            'data-step': index,
            'aria-current': index === session.step ? 'step' : null,
            on: { click: () => this.showStep(session, index) },
          },
          time === null ? '?' : timeText(time),
        ),
        paragraph(step.text, context),
      )
    })
    const next = session.step + 1
    return h(
      'section',
      { class: 'steps' },
      h('h3', {}, 'What happens'),
      h('ol', {}, ...items.slice(0, Math.max(1, next))),
      next < items.length &&
        h(
          'button',
          {
            type: 'button',
            class: 'primary',
            'data-next': true,
            on: { click: () => this.showStep(session, next) },
          },
          next === 0 ? 'Show me' : 'Next',
        ),
    )
  }

  private showStep(session: LessonSession, index: number): void {
    const current = session.isUntouched ? session : this.again(session)
    const { lesson } = current
    const step = current.goTo(index)
    if (index === lesson.steps.length - 1) markDone(lesson.id)
    this.stage.focus(step.focus, current.marked(step))
    this.fill(current)
    this.body.querySelector('.steps li.current')?.scrollIntoView({ block: 'nearest' })
    this.body.querySelector<HTMLElement>('[data-next]')?.focus({ preventScroll: true })
  }

  /** The lesson's own runs, made anew after the learner has changed something. */
  private again(session: LessonSession): LessonSession {
    const fresh = new LessonSession(this.lab, this.make, session.lesson)
    fresh.choose(session.chosen!)
    this.session = fresh
    this.stage.onLesson(session.lesson)
    return fresh
  }

  private after(session: LessonSession, context: TextContext): HTMLElement | null {
    const { lesson } = session
    if (session.step < lesson.steps.length - 1) return null
    return h(
      'div',
      { class: 'lesson-after' },
      h('h3', {}, 'Why'),
      ...lesson.explain.map((text) => paragraph(text, context)),
      lesson.tryThis.length > 0 && h('h3', {}, 'Try this'),
      lesson.tryThis.length > 0 &&
        h(
          'ul',
          {},
          ...lesson.tryThis.map((one) =>
            h('li', {}, ...textNodes(one.text, context), this.tryButton(one.scenario)),
          ),
        ),
      lesson.sources.length > 0 && h('h3', {}, 'Read on'),
      lesson.sources.length > 0 &&
        h(
          'ul',
          {},
          ...lesson.sources.map(({ where, what }) => h('li', {}, ...textNodes(where, context), `: ${what}`)),
        ),
    )
  }

  private tryButton(scenario: Scenario | undefined): HTMLElement | null {
    if (scenario === undefined) return null
    const show = (): void => {
      this.lab.open(scenario)
      this.stage.focus(null, new Set())
      this.lab.play()
    }
    return h('button', { type: 'button', class: 'quiet-button', on: { click: show } }, 'Run it')
  }
}
