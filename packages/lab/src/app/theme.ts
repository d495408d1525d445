const KEY = 'tapwire-lab-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

/** Light or dark: what the reader chose, else what the system says. @param onChange called after each change */
export function startTheme(onChange: () => void): { toggle(): void } {
  let chosen = read()
  const apply = (): void => {
    document.documentElement.dataset.theme = chosen ?? (dark.matches ? 'dark' : 'light')
    onChange()
  }
  dark.addEventListener('change', apply)
  apply()
  return {
    toggle() {
      const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'
      // Back to the system's choice is no choice of its own any more.
      chosen = next === (dark.matches ? 'dark' : 'light') ? null : next
      keep(chosen)
      apply()
    },
  }
}

/** Storage may be forbidden; the choice then lasts as long as the page. */
function read(): 'light' | 'dark' | null {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : null
  } catch {
    return null
  }
}

function keep(value: 'light' | 'dark' | null): void {
  try {
    if (value === null) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, value)
  } catch {
    // Nothing is lost but the memory of it.
  }
}
