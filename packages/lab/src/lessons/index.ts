import { handshake } from './handshake.ts'
import type { Lesson } from './lesson.ts'

export { type Inline, inline } from './inline.ts'
export type * from './lesson.ts'

/** In the order in which they are taught. */
export const LESSONS: readonly Lesson[] = [handshake]
