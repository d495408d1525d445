import type { Lab } from '../../src/app/lab.ts'
import type { LessonView } from '../../src/view/lessons/lesson-view.ts'

/** What the page shows of itself to those who look into it: the type of `window` inside `page.evaluate`. */
export interface LabWindow {
  readonly lab: Lab
  readonly lessons: LessonView
}
