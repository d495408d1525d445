/** Adds what two records of counters have, number by number, however deep. Both have the same shape. */
export function addCounters<T extends object>(a: T, b: T): T {
  const sum = { ...a } as Record<string, unknown>
  for (const [name, value] of Object.entries(b)) {
    const mine = sum[name]
    if (typeof value === 'number') sum[name] = (typeof mine === 'number' ? mine : 0) + value
    else if (typeof value === 'object' && value !== null && typeof mine === 'object' && mine !== null) {
      sum[name] = addCounters(mine, value)
    }
  }
  return sum as T
}
