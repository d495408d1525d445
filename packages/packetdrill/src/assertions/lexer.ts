export type Token =
  | { readonly kind: 'number'; readonly text: string; readonly value: number }
  | { readonly kind: 'string'; readonly text: string; readonly value: string }
  | { readonly kind: 'name' | 'operator' | 'newline' | 'end'; readonly text: string }

const TOKENS = [
  ['number', /0[xX][0-9a-fA-F]+|\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)?/y],
  ['name', /[A-Za-z_]\w*/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y],
  ['operator', /\*\*|\/\/|<<|>>|[-+*/%&|^]=|<=|>=|==|!=|<>|[-+*/%&|^~<>()[\],=:.]/y],
] as const

/** Pieces of the Python subset of %{ }%. Lines that go on in brackets or after a backslash are one. @throws SyntaxError */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let depth = 0
  let at = 0
  while (at < text.length) {
    const blank = /[ \t\r]+|#[^\n]*|\\\n/y
    blank.lastIndex = at
    if (blank.exec(text) !== null) {
      at = blank.lastIndex
    } else if (text[at] === '\n' || text[at] === ';') {
      if (depth === 0) tokens.push({ kind: 'newline', text: '\n' })
      at++
    } else {
      const token = next(text, at)
      if (token.text === '(' || token.text === '[') depth++
      if (token.text === ')' || token.text === ']') depth--
      tokens.push(token)
      at += token.text.length
    }
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}

function next(text: string, at: number): Token {
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined) continue
    if (kind === 'number') return { kind, text: found, value: Number(found) }
    if (kind === 'string') return { kind, text: found, value: unquoted(found) }
    return { kind, text: found }
  }
  throw new SyntaxError(`cannot read '${text.slice(at, at + 20).split('\n')[0]}'`)
}

function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\(.)/g, (_, code: string) => (code === 'n' ? '\n' : code === 't' ? '\t' : code))
}
