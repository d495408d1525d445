/** A time as people read it: `250 µs`, `12.5 ms`, `3.20 s`, `1 min 05 s`. @param milliseconds of virtual time */
export function timeText(milliseconds: number): string {
  const size = Math.abs(milliseconds)
  if (size === 0) return '0 ms'
  if (size < 1) return `${trim(milliseconds * 1000, size < 0.1 ? 1 : 0)} µs`
  if (size < 1000) return `${trim(milliseconds, size < 100 ? 2 : 1)} ms`
  if (size < 60_000) return `${trim(milliseconds / 1000, size < 10_000 ? 3 : 2)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** `1.2 kB`, `3.4 MB`: powers of ten, as rates of links are given. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1e6) return `${trim(bytes / 1e3, 1)} kB`
  return `${trim(bytes / 1e6, 2)} MB`
}

/** `10 Mbit/s` @param bits a second */
export function rateText(bits: number): string {
  if (bits < 1000) return `${trim(bits, 0)} bit/s`
  if (bits < 1e6) return `${trim(bits / 1e3, 1)} kbit/s`
  if (bits < 1e9) return `${trim(bits / 1e6, 2)} Mbit/s`
  return `${trim(bits / 1e9, 2)} Gbit/s`
}

/** Thousands set off by thin spaces. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '∞'
  const [whole, fraction] = String(Math.round(value * 1000) / 1000).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u2009')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$|(\.\d*?)0+$/, '$1')
}
