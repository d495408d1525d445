import { ScriptError } from './source.ts'

interface Branch {
  readonly line: number
  /** The lines around this `#ifdef` count. */
  readonly outer: boolean
  /** One of its branches has been taken. */
  taken: boolean
  active: boolean
  elseSeen: boolean
}

const DIRECTIVE = /^\s*#\s*(ifdef|ifndef|if|elif|else|endif|define|undef)\b\s*(.*?)\s*(?:\/\/.*)?$/

/**
 * Takes the branches of `#ifdef NAME`, `#ifndef NAME`, `#if defined(NAME)`, `#elif`, `#else`, `#endif` that do not hold out of a
 * script. The lines that are left keep their numbers. `#define NAME [value]` and `#undef` change `defines`; any other line
 * with a # in front is a comment.
 */
export function preprocess(text: string, file: string, defines: Map<string, string>): string {
  const stack: Branch[] = []
  const active = (): boolean => stack.length === 0 || stack[stack.length - 1].active
  const lines = text.split('\n').map((content, index) => {
    const match = DIRECTIVE.exec(content)
    if (match === null) return active() ? content : ''
    directive(match[1], match[2], index + 1)
    return ''
  })
  const unclosed = stack.pop()
  if (unclosed !== undefined) throw new ScriptError(file, unclosed.line, 'this #if has no #endif')
  return lines.join('\n')

  function directive(name: string, rest: string, line: number): void {
    if (name === 'define') {
      if (active()) define(rest)
    } else if (name === 'undef') {
      if (active()) defines.delete(rest)
    } else if (name === 'ifdef') open(line, defines.has(rest))
    else if (name === 'ifndef') open(line, !defines.has(rest))
    else if (name === 'if') open(line, holds(rest, line))
    else branch(name, rest, line)
  }

  function define(rest: string): void {
    const [name, ...value] = rest.split(/\s+/)
    defines.set(name, value.join(' '))
  }

  function open(line: number, condition: boolean): void {
    const outer = active()
    stack.push({ line, outer, taken: condition, active: outer && condition, elseSeen: false })
  }

  function branch(name: string, rest: string, line: number): void {
    const top = stack[stack.length - 1]
    if (top === undefined) throw new ScriptError(file, line, `#${name} without #ifdef`)
    if (name === 'endif') {
      stack.pop()
      return
    }
    if (top.elseSeen) throw new ScriptError(file, line, `#${name} after #else`)
    const condition = name === 'else' || holds(rest, line)
    top.elseSeen = name === 'else'
    top.active = top.outer && !top.taken && condition
    top.taken ||= condition
  }

  /** `defined(A) && !defined(B) || 1`, without parentheses around parts. */
  function holds(condition: string, line: number): boolean {
    return condition.split('||').some((part) =>
      part.split('&&').every((term) => {
        const match = /^\s*(!?)\s*(?:defined\s*\(?\s*(\w+)\s*\)?|(\w+))\s*$/.exec(term)
        if (match === null) throw new ScriptError(file, line, `cannot read the condition '${condition}'`)
        const [, not, name, word] = match
        const value = name !== undefined ? defines.has(name) : truth(word)
        return not === '' ? value : !value
      }),
    )
  }

  function truth(word: string): boolean {
    return Number(/^\d/.test(word) ? word : (defines.get(word) ?? 0)) !== 0
  }
}
