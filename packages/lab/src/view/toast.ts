import { h } from './h.ts'

/** Milliseconds of real time that a message stays. */
const STAYS = 3500
let last: HTMLElement | null = null

/** Says something for a moment. */
export function toast(text: string): void {
  last?.remove()
  const element = h('p', { class: 'toast', role: 'status' }, text)
  last = element
  document.body.append(element)
  setTimeout(() => element.remove(), STAYS)
}
