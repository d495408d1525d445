import type { RetransmissionCause, SegmentKind } from '../model/recording.ts'

/** The colours and fonts that are drawn with: those of the stylesheet, in the theme that is on. */
export interface Palette {
  readonly background: string
  readonly text: string
  readonly quiet: string
  readonly rule: string
  readonly accent: string
  readonly warn: string
  readonly again: string
  readonly band: string
  readonly kinds: Readonly<Record<SegmentKind, string>>
  /** Lines of plots, in order. */
  readonly lines: readonly string[]
  readonly sans: string
  readonly mono: string
}

const KINDS: readonly SegmentKind[] = ['syn', 'data', 'ack', 'fin', 'rst', 'probe', 'icmp']

export const CAUSE_NAMES: Readonly<Record<RetransmissionCause, string>> = {
  rto: 'RTO',
  rack: 'RACK',
  fast: 'fast',
  tlp: 'TLP',
  syn: 'SYN again',
  probe: 'probe',
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return {
    background: of('surface'),
    text: of('text'),
    quiet: of('quiet'),
    rule: of('rule'),
    accent: of('accent'),
    warn: of('warn'),
    again: of('again'),
    band: of('band'),
    kinds: Object.fromEntries(KINDS.map((kind) => [kind, of(`kind-${kind}`)])) as Record<SegmentKind, string>,
    lines: [1, 2, 3, 4].map((number) => of(`line-${number}`)),
    sans: of('sans'),
    mono: of('mono'),
  }
}
