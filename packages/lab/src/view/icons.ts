import { s } from './h.ts'

/** Paths in a square of 16; filled where they say so. */
const PATHS = {
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 2.5h3v11H4zM9 2.5h3v11H9z',
  start: 'M2.5 3h2v10h-2zM13.5 3v10L6 8z',
  end: 'M11.5 3h2v10h-2zM2.5 3v10L10 8z',
  back: 'M11 3v10L4 8zM12 3h1.5v10H12z',
  step: 'M5 3v10l7-5zM2.5 3H4v10H2.5z',
  plus: 'M7 3h2v4h4v2H9v4H7V9H3V7h4z',
  minus: 'M3 7h10v2H3z',
} as const
export type IconName = keyof typeof PATHS

export function icon(name: IconName): SVGSVGElement {
  return s(
    'svg',
    { viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': true, class: 'icon-picture' },
    s('path', { d: PATHS[name], fill: 'currentColor' }),
  )
}
