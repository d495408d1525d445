import { decodeScenario, encodeScenario } from '../model/scenario/address.ts'
import type { Scenario } from '../model/scenario.ts'

/** What the part of the page's address behind '#' says: a lesson by its id, or a whole scenario. No server sees it. */
export type Address =
  | { readonly kind: 'lesson'; readonly id: string }
  | { readonly kind: 'run'; readonly scenario: Scenario; readonly time: number }
  | { readonly kind: 'none' }

/** @throws ScenarioError for a scenario that is none, or of a newer lab */
export function readAddress(hash: string): Address {
  const lesson = /^#lesson=([\w-]+)$/.exec(hash)
  if (lesson !== null) return { kind: 'lesson', id: lesson[1] }
  const run = /^#(?:t=([\d.]+)&)?run=(.*)$/s.exec(hash)
  if (run === null) return { kind: 'none' }
  return { kind: 'run', scenario: decodeScenario(decodeURI(run[2])), time: Number(run[1] ?? 0) || 0 }
}

export function lessonAddress(id: string): string {
  return `#lesson=${id}`
}

/** @param time the cursor's, in milliseconds */
export function runAddress(scenario: Scenario, time: number): string {
  const shown = time > 0 ? `t=${Math.round(time * 1000) / 1000}&` : ''
  return `#${shown}run=${encodeScenario(scenario)}`
}
