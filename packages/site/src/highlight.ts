const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (found) => ESCAPES[found])

const SCRIPT =
  /(?<comment>\/\/.*|\/\*[\s\S]*?\*\/)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\b(?<keyword>abstract|as|async|await|break|case|catch|class|const|continue|default|do|else|export|extends|false|finally|for|from|function|if|implements|import|in|instanceof|interface|let|new|null|of|private|readonly|return|static|super|switch|this|throw|true|try|type|typeof|undefined|void|while|yield)\b|\b(?<number>\d[\d_]*(?:\.\d+)?(?:e\d+)?n?|0x[\da-f_]+)\b/g
const SHELL = /(?<comment>(?<=^|\s)#.*)|(?<string>'[^']*'|"(?:[^"\\]|\\.)*")|(?<keyword>(?<=^|\s)--?[\w-]+)/gm

/** What stands in a block, by the name of its language. */
const LANGUAGES: Readonly<Record<string, RegExp>> = {
  ts: SCRIPT,
  js: SCRIPT,
  mjs: SCRIPT,
  json: SCRIPT,
  pkt: SCRIPT,
  sh: SHELL,
}

/** A block of code as HTML: comments, strings, numbers and words of the language in spans of their own. */
export function highlight(code: string, language: string): string {
  const pattern = LANGUAGES[language]
  if (pattern === undefined) return escapeHtml(code)
  let html = ''
  let at = 0
  for (const match of code.matchAll(pattern)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? ['']
    html += `${escapeHtml(code.slice(at, match.index))}<span class="${kind}">${escapeHtml(match[0])}</span>`
    at = match.index + match[0].length
  }
  return html + escapeHtml(code.slice(at))
}
