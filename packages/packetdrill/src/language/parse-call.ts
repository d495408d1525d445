import type { CallSpec, Expression, StructField } from './ast.ts'
import { parseInteger } from './parse-number.ts'
import type { Scanner } from './scanner.ts'

const WORD = /[A-Za-z_]\w*/y
const NUMBER = /0x[0-9a-fA-F]+[uUlL]*|\d+\.\d+|\d+[uUlL]*/y
const STRING = /"((?:[^"\\\n]|\\.)*)"/y
const ERRNO = /E[A-Z0-9]+/y
/** By how tightly they bind, as in C. */
const OPERATORS = [
  [/\|(?!\|)/y],
  [/\^/y],
  [/&(?!&)/y],
  [/<</y, />>/y],
  [/\+/y, /-/y],
  [/\*/y, /\/(?![/*])/y],
] as const

type Operator = Extract<Expression, { kind: 'binary' }>['operator']

/** `name(arguments) = result [ERRNO] [(text)]` */
export function parseCall(scanner: Scanner): CallSpec {
  const name = scanner.match(WORD)?.[0]
  if (name === undefined) scanner.fail("expected a packet ('<' or '>'), a call, a `command` or %{ code }%")
  scanner.expect('(')
  const args = list(scanner, ')')
  scanner.expect('=')
  const result = scanner.take('?') ? null : parseExpression(scanner)
  const failed = result !== null && isMinusOne(result)
  const errno = failed && !scanner.endOfLine ? scanner.match(ERRNO)?.[0] : undefined
  note(scanner)
  return { kind: 'call', name, args, result, ...(errno === undefined ? {} : { errno }) }
}

function isMinusOne(result: Expression): boolean {
  return (
    result.kind === 'unary' &&
    result.operator === '-' &&
    result.operand.kind === 'number' &&
    result.operand.value === 1
  )
}

/** What strace says in parentheses: (Connection refused), (flags O_RDWR|O_NONBLOCK). Of no consequence. */
function note(scanner: Scanner): void {
  if (!scanner.endOfLine && scanner.peek(/\([^)\n]*\)/y) !== null) scanner.match(/\([^)\n]*\)/y)
}

/** Up to the closing bracket, which is taken. */
function list(scanner: Scanner, end: string): Expression[] {
  const items: Expression[] = []
  if (scanner.take(end)) return items
  do items.push(parseExpression(scanner))
  while (scanner.take(','))
  scanner.expect(end)
  return items
}

function parseExpression(scanner: Scanner): Expression {
  return binary(scanner, 0)
}

function binary(scanner: Scanner, level: number): Expression {
  if (level === OPERATORS.length) return unary(scanner)
  let left = binary(scanner, level + 1)
  for (;;) {
    const operator = operatorAt(scanner, level)
    if (operator === null) return left
    const right = binary(scanner, level + 1)
    left = { kind: 'binary', operator, left, right, line: left.line }
  }
}

function operatorAt(scanner: Scanner, level: number): Operator | null {
  // The next event may begin with a + or a *.
  if (scanner.endOfLine && level >= 4) return null
  for (const pattern of OPERATORS[level]) {
    const found = scanner.match(pattern)
    if (found !== null) return found[0] as Operator
  }
  return null
}

function unary(scanner: Scanner): Expression {
  const line = scanner.line()
  for (const operator of ['-', '~', '!'] as const) {
    if (scanner.take(operator)) return { kind: 'unary', operator, operand: unary(scanner), line }
  }
  return primary(scanner, line)
}

function primary(scanner: Scanner, line: number): Expression {
  if (scanner.take('...')) return { kind: 'ellipsis', line }
  if (scanner.take('(')) {
    const inner = parseExpression(scanner)
    scanner.expect(')')
    return inner
  }
  if (scanner.take('[')) return { kind: 'list', items: list(scanner, ']'), line }
  if (scanner.take('{')) return { kind: 'struct', fields: fields(scanner), line }
  const number = scanner.match(NUMBER)
  if (number !== null) return { kind: 'number', value: parseInteger(number[0]), line }
  const string = scanner.match(STRING)
  if (string !== null) return stringExpression(scanner, string[1], line)
  const name = scanner.match(WORD)?.[0]
  if (name === undefined) scanner.fail('expected a value')
  if (scanner.take('(')) return { kind: 'apply', name, args: list(scanner, ')'), line }
  return { kind: 'name', name, line }
}

/** `"abc"`, or `"a"...1000` for a thousand of them. */
function stringExpression(scanner: Scanner, raw: string, line: number): Expression {
  const value = raw.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => escaped(code))
  if (scanner.peek(/\.\.\.\d+/y) === null) return { kind: 'string', value, line }
  scanner.expect('...')
  return { kind: 'string', value, repeat: Number(scanner.match(NUMBER)?.[0]), line }
}

function escaped(code: string): string {
  const simple: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0' }
  if (code[0] === 'x') return String.fromCharCode(Number.parseInt(code.slice(1), 16))
  return simple[code] ?? code
}

const FIELD = /([A-Za-z_][\w.]*)\s*(?==(?!=)|\()/y

/** Up to the closing brace, which is taken. */
function fields(scanner: Scanner): StructField[] {
  const all: StructField[] = []
  if (scanner.take('}')) return all
  do all.push(field(scanner))
  while (scanner.take(','))
  scanner.expect('}')
  return all
}

function field(scanner: Scanner): StructField {
  const start = scanner.skip()
  const name = scanner.match(FIELD)?.[1]
  if (name !== undefined) {
    if (scanner.take('=')) return { name, value: parseExpression(scanner) }
    scanner.expect('(')
    const argument = parseExpression(scanner)
    if (scanner.take(')') && scanner.take('=')) return { name, argument, value: parseExpression(scanner) }
    // A value that is a function's, such as htons(80).
    scanner.at = start
  }
  return { name: '', value: parseExpression(scanner) }
}
