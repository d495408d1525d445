import type { Scenario } from '../model/scenario.ts'

/** What the part of the page's address behind '#' says: a lesson by its id, or a whole scenario. No server sees it. */
export type Address =
  | { readonly kind: 'lesson'; readonly id: string }
  | { readonly kind: 'run'; readonly text: string; readonly time: number }
  | { readonly kind: 'none' }

export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const id = fields.get('lesson')
  if (id !== null) return { kind: 'lesson', id }
  const run = fields.get('run')
  if (run === null) return { kind: 'none' }
  const time = Number(fields.get('t') ?? 0)
  return { kind: 'run', text: run, time: Number.isFinite(time) && time > 0 ? time : 0 }
}

export function lessonAddress(id: string): string {
  return `#lesson=${encodeURIComponent(id)}`
}

/** @param time the cursor's, in milliseconds */
export function runAddress(scenario: Scenario, time: number): string {
  const shown = time > 0 ? `&t=${Math.round(time * 1000) / 1000}` : ''
  return `#run=${encodeScenario(scenario)}${shown}`
}

/** base64url of the JSON. */
export function encodeScenario(scenario: Scenario): string {
  const bytes = new TextEncoder().encode(JSON.stringify(scenario))
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

/** @returns the JSON value, not looked at yet, or undefined where the text is none */
export function decodeScenario(text: string): unknown {
  try {
    const raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(raw, (sign) => sign.charCodeAt(0))))
  } catch {
    return undefined
  }
}
