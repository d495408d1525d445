/** Colours where somebody sees them: on a terminal, and nobody said no (https://no-color.org). */
export interface Style {
  good(text: string): string
  bad(text: string): string
  strong(text: string): string
  faint(text: string): string
}

const plain = (text: string): string => text

export function styleFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Style {
  if (!stream.isTTY || env.NO_COLOR || env.TERM === 'dumb')
    return { good: plain, bad: plain, strong: plain, faint: plain }
  const code = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`
  return { good: code(32, 39), bad: code(31, 39), strong: code(1, 22), faint: code(2, 22) }
}
