import type { Shortcut } from '../app/keyboard.ts'
import { h } from './h.ts'

/** What each key does. Opened with '?'. */
export class HelpDialog {
  readonly element: HTMLDialogElement

  constructor(shortcuts: readonly Shortcut[]) {
    const rows = shortcuts.flatMap(({ shown, what }) => [
      h('dt', {}, ...shown.split(' ').map((key) => h('kbd', {}, key))),
      h('dd', {}, what),
    ])
    this.element = h(
      'dialog',
      { 'aria-labelledby': 'help-title' },
      h('h2', { id: 'help-title' }, 'Keys'),
      h('dl', { class: 'keys' }, ...rows),
      h('form', { method: 'dialog' }, h('button', { class: 'primary', autofocus: true }, 'Close')),
    )
  }

  open(): void {
    if (!this.element.open) this.element.showModal()
  }
}
