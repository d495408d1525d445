/** One column: its head, and its values; null leaves a cell empty. */
export interface Column {
  readonly head: string
  readonly values: readonly (number | string | null)[]
}

/** RFC 4180, with a line of heads. All columns have as many values. */
export function toCsv(columns: readonly Column[]): string {
  const rows = columns.reduce((most, { values }) => Math.max(most, values.length), 0)
  const lines = [columns.map(({ head }) => cell(head)).join(',')]
  for (let i = 0; i < rows; i++) lines.push(columns.map(({ values }) => cell(values[i] ?? null)).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function cell(value: number | string | null): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return ''
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text
}
