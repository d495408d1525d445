import { h } from './h.ts'

export interface MenuItem {
  readonly text: string
  readonly id: string
  readonly act: () => void
}

/** A button with a list of things to do below it. */
export function menu(title: string, items: () => readonly MenuItem[]): HTMLElement {
  const list = h('div', { class: 'menu-items', role: 'menu', hidden: true, 'aria-label': title })
  const button = h(
    'button',
    {
      type: 'button',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      on: { click: () => (list.hidden ? open() : close()) },
    },
    title,
  )
  const close = (): void => {
    list.hidden = true
    button.setAttribute('aria-expanded', 'false')
  }
  const open = (): void => {
    list.replaceChildren(
      ...items().map(({ text, id, act }) =>
        h(
          'button',
          {
            type: 'button',
            role: 'menuitem',
            'data-menu': id,
            on: {
              click: () => {
                close()
                button.focus()
                act()
              },
            },
          },
          text,
        ),
      ),
    )
    list.hidden = false
    button.setAttribute('aria-expanded', 'true')
    list.querySelector('button')?.focus()
  }
  const element = h('div', { class: 'menu' }, button, list)
  element.addEventListener('keydown', (event) => {
    if (list.hidden) return
    const all = [...list.querySelectorAll('button')]
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (event.key === 'Escape') {
      close()
      button.focus()
    } else if (by !== 0) {
      const from = all.indexOf(document.activeElement as HTMLButtonElement)
      all[(from + by + all.length) % all.length].focus()
    } else return
    event.preventDefault()
    event.stopPropagation()
  })
  document.addEventListener('pointerdown', (event) => {
    if (!list.hidden && !element.contains(event.target as Node)) close()
  })
  return element
}
