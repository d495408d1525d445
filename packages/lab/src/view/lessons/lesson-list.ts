import { PRESETS, type Preset } from '../../app/presets.ts'
import { doneLessons } from '../../app/progress.ts'
import { LESSONS } from '../../lessons/index.ts'
import type { Lesson } from '../../lessons/lesson.ts'
import { h } from '../h.ts'

/** All lessons by topic, and runs to play with. */
export function lessonList(
  onLesson: (lesson: Lesson) => void,
  onPreset: (preset: Preset) => void,
): HTMLElement {
  const done = doneLessons()
  const topics = [...new Set(LESSONS.map(({ topic }) => topic))]
  const item = (lesson: Lesson): HTMLElement =>
    h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          class: 'lesson-item',
          'data-lesson': lesson.id,
          on: { click: () => onLesson(lesson) },
        },
        h('span', { class: 'lesson-name' }, lesson.title),
        h(
          'span',
          { class: done.has(lesson.id) ? 'lesson-note done' : 'lesson-note' },
          done.has(lesson.id) ? 'done' : `${lesson.minutes} min`,
        ),
      ),
    )
  return h(
    'div',
    { class: 'lesson-list' },
    h(
      'p',
      { class: 'hint' },
      'Predict what TCP does next, see it, and learn why. Or break a run of your own.',
    ),
    ...topics.flatMap((topic) => [
      h('h3', {}, topic),
      h('ol', {}, ...LESSONS.filter((lesson) => lesson.topic === topic).map(item)),
    ]),
    h('h3', {}, 'Runs to play with'),
    h(
      'ol',
      {},
      ...PRESETS.map((preset) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', class: 'lesson-item', on: { click: () => onPreset(preset) } },
            h('span', { class: 'lesson-name' }, preset.scenario.title),
          ),
        ),
      ),
    ),
  )
}
