/** A key, and what it does. `key` is as in KeyboardEvent.key. */
export interface Shortcut {
  readonly keys: readonly string[]
  readonly shown: string
  readonly what: string
  readonly act: (key: string) => void
}

/** Keys that the element under the focus needs for itself. */
function isTaken(event: KeyboardEvent): boolean {
  const { target, key } = event
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('dialog') !== null) return true
  if (target instanceof HTMLInputElement) {
    const { type } = target
    if (type === 'range') return key.startsWith('Arrow') || key === 'Home' || key === 'End'
    if (type === 'checkbox' || type === 'radio') return key === ' ' || key.startsWith('Arrow')
    return true
  }
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true
  if (target.closest('button, a, summary') !== null && (key === ' ' || key === 'Enter')) return true
  return target.closest('[role="tablist"], [role="menu"]') !== null && key.startsWith('Arrow')
}

export function listenForKeys(shortcuts: readonly Shortcut[]): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event)) return
    const shortcut = shortcuts.find(({ keys }) => keys.includes(event.key))
    if (shortcut === undefined) return
    shortcut.act(event.key)
    event.preventDefault()
  })
}
