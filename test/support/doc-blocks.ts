/** A block of code of a page in Markdown. */
export interface Block {
  readonly language: string
  /** With the newline at its end. */
  readonly text: string
  /** The file that the comment before it names, as `<!-- examples/x.ts -->`; null without one. */
  readonly file: string | null
  /** From 1. */
  readonly line: number
}

/** All blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const found = page.matchAll(/(?:^<!-- (\S+) -->\n)?^```(\w*)[^\n]*\n(.*?)^```$/gms)
  return [...found].map(({ 0: whole, 1: file, 2: language, 3: text, index }) => {
    const opening = index + whole.indexOf('```')
    return { language, text, file: file ?? null, line: page.slice(0, opening).split('\n').length }
  })
}

/** What a program says of its own output, in comments: `// prints: …`. Empty when it says nothing. */
export function promised(program: string): string {
  return [...program.matchAll(/\/\/ prints: (.*)$/gm)].map(([, line]) => `${line}\n`).join('')
}

/** A command of a page, and what the page says that it prints: the `text` block right behind it, or null. */
export interface Command {
  readonly command: string
  readonly output: string | null
}

/** The commands of the page's `sh` blocks, each a line (or several, joined by a backslash). */
export function commandsOf(page: string): Command[] {
  const blocks = blocksOf(page)
  return blocks.flatMap((block, i) => {
    if (block.language !== 'sh') return []
    const lines = block.text
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, ''))
      .filter((line) => line !== '')
    const next = blocks.at(i + 1)
    return lines.map((command, n) => ({
      command,
      output: n === lines.length - 1 && next?.language === 'text' ? next.text : null,
    }))
  })
}
