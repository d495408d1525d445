const KEY = 'tapwire-lab-done'

/** Lessons whose last step was seen; kept in the browser where that is allowed. */
export function doneLessons(): Set<string> {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return new Set(Array.isArray(list) ? list.filter((id) => typeof id === 'string') : [])
  } catch {
    return new Set()
  }
}

export function markDone(id: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...doneLessons().add(id)]))
  } catch {
    // Forbidden: then it is forgotten with the page.
  }
}
