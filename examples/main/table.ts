/** Columns as wide as their widest cell, under a header and a rule. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  )
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column])).join('   ')}`.trimEnd()
  const rule = line(widths.map((width) => '─'.repeat(width)))
  return [line(header), rule, ...rows.map(line)].join('\n')
}
