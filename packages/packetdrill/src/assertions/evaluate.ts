import { type Token, tokenize } from './lexer.ts'
import { arithmetic, compare, numberOf, textOf, truth, type Value } from './values.ts'

/** An `assert` that does not hold. */
export class AssertionFailure extends Error {
  /** What stands behind `assert`. */
  readonly condition: string
  /** Names of the condition and their values. */
  readonly values: ReadonlyMap<string, Value>

  constructor(condition: string, message: string | null, values: ReadonlyMap<string, Value>) {
    super(message ?? '')
    this.name = 'AssertionFailure'
    this.condition = condition
    this.values = values
  }
}

export interface Environment {
  /** What a name stands for; undefined where there is no such thing. */
  lookup(name: string): Value | undefined
  assign(name: string, value: Value): void
  print(line: string): void
}

/**
 * Runs the Python subset that scripts use between %{ and }%: `assert`, `print`, assignments, `if` on one line, and expressions of
 * comparisons, arithmetic, and/or/not/in, abs, min, max, len, int, round. Nothing is handed to JavaScript's own evaluation.
 * @throws AssertionFailure, SyntaxError, TypeError, ReferenceError
 */
export function runCode(text: string, environment: Environment): void {
  new Evaluator(tokenize(text), environment).statements()
}

/** Operators of one strength, weakest first; comparisons, `not` and the unary ones stand between them by themselves. */
const BINARY = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%']] as const
const COMPARISONS = ['==', '!=', '<>', '<=', '>=', '<', '>']
const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['True', true],
  ['False', false],
  ['None', null],
])

class Evaluator {
  readonly #tokens: readonly Token[]
  readonly #environment: Environment
  #at = 0
  /** Whether what is read counts: not in the branch that was not taken. */
  #live = true
  #seen = new Map<string, Value>()

  constructor(tokens: readonly Token[], environment: Environment) {
    this.#tokens = tokens
    this.#environment = environment
  }

  statements(): void {
    for (;;) {
      while (this.#token.kind === 'newline') this.#at++
      if (this.#atEnd) return
      this.#statement()
      if (!this.#atEnd) this.#fail()
    }
  }

  get #token(): Token {
    return this.#tokens[this.#at]
  }

  /** Of the line, or of all. */
  get #atEnd(): boolean {
    return this.#token.kind === 'newline' || this.#token.kind === 'end'
  }

  #fail(): never {
    const { text, kind } = this.#token
    throw new SyntaxError(
      kind === 'end' || kind === 'newline' ? 'the line ends too early' : `unexpected '${text}'`,
    )
  }

  #take(text: string): boolean {
    const token = this.#token
    if (token.text !== text || token.kind === 'string') return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail()
  }

  #statement(): void {
    const operator = this.#tokens[this.#at + 1]?.text ?? ''
    if (this.#take('assert')) this.#assert()
    else if (this.#take('import') || this.#take('from')) this.#skipLine()
    else if (this.#take('if')) this.#if()
    else if (this.#token.text === 'print' && operator !== '(') this.#printStatement()
    else if (this.#token.kind === 'name' && /^(?:[-+*/%&|^])?=$/.test(operator)) this.#assignment(operator)
    else if (!this.#take('pass')) this.#expression()
  }

  #skipLine(): void {
    while (!this.#atEnd) this.#at++
  }

  #assert(): void {
    const start = this.#at
    this.#seen = new Map()
    const holds = truth(this.#expression())
    const condition = this.#tokens.slice(start, this.#at).map(({ text }) => text)
    const seen = this.#seen
    const message = this.#take(',') ? this.#expression() : undefined
    if (holds || !this.#live) return
    throw new AssertionFailure(spaced(condition), message === undefined ? null : textOf(message), seen)
  }

  /** `if a: b`, and `else: c` on the next line. */
  #if(): void {
    const outer = this.#live
    const holds = truth(this.#expression())
    this.#expect(':')
    this.#live = outer && holds
    this.#statement()
    const after = this.#at
    while (this.#token.kind === 'newline') this.#at++
    if (this.#take('else')) {
      this.#expect(':')
      this.#live = outer && !holds
      this.#statement()
    } else this.#at = after
    this.#live = outer
  }

  /** Python 2's. */
  #printStatement(): void {
    this.#at++
    const values: Value[] = []
    if (!this.#atEnd) {
      do values.push(this.#expression())
      while (this.#take(','))
    }
    this.#print(values)
  }

  #print(values: readonly Value[]): void {
    if (this.#live) this.#environment.print(values.map(textOf).join(' '))
  }

  #assignment(operator: string): void {
    const name = this.#token.text
    this.#at += 2
    const value = this.#expression()
    const result = operator === '=' ? value : arithmetic(operator[0], this.#name(name), value)
    if (this.#live) this.#environment.assign(name, result)
  }

  // ---- expressions -----------------------------------------------------------------------------------------

  #expression(): Value {
    const value = this.#or()
    if (!this.#take('if')) return value
    const holds = truth(this.#or())
    this.#expect('else')
    const other = this.#expression()
    return holds ? value : other
  }

  #or(): Value {
    let value = this.#and()
    while (this.#take('or')) value = this.#other(value, !truth(value), () => this.#and())
    return value
  }

  #and(): Value {
    let value = this.#not()
    while (this.#take('and')) value = this.#other(value, truth(value), () => this.#not())
    return value
  }

  /** The second operand decides only if the first does not; it is read in any case. */
  #other(first: Value, needed: boolean, read: () => Value): Value {
    const outer = this.#live
    this.#live = outer && needed
    const second = read()
    this.#live = outer
    return needed ? second : first
  }

  #not(): Value {
    return this.#take('not') ? !truth(this.#not()) : this.#comparison()
  }

  /** `1 < x <= 2` is one. */
  #comparison(): Value {
    let left = this.#binary(0)
    let result: Value | undefined
    for (let operator = this.#comparator(); operator !== null; operator = this.#comparator()) {
      const right = this.#binary(0)
      if (result !== false) result = this.#guarded(false, () => compare(operator as string, left, right))
      left = right
    }
    return result ?? left
  }

  #comparator(): string | null {
    const operator = COMPARISONS.find((text) => this.#take(text))
    if (operator !== undefined) return operator
    if (this.#take('in')) return 'in'
    if (this.#take('is')) return this.#take('not') ? 'is not' : 'is'
    if (this.#token.text !== 'not') return null
    this.#at++
    this.#expect('in')
    return 'not in'
  }

  #binary(level: number): Value {
    if (level === BINARY.length) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const operator = BINARY[level].find((text) => this.#take(text))
      if (operator === undefined) return left
      const right = this.#binary(level + 1)
      const before: Value = left
      left = this.#guarded(0, () => arithmetic(operator, before, right))
    }
  }

  /** What is not live is not calculated: it may well make no sense. */
  #guarded(otherwise: Value, calculate: () => Value): Value {
    return this.#live ? calculate() : otherwise
  }

  #unary(): Value {
    if (this.#take('-')) return this.#negated((x) => -x)
    if (this.#take('+')) return this.#negated((x) => x)
    if (this.#take('~')) return this.#negated((x) => -x - 1)
    const base = this.#primary()
    if (!this.#take('**')) return base
    const exponent = this.#unary()
    return this.#guarded(0, () => arithmetic('**', base, exponent))
  }

  #negated(operation: (x: number) => number): Value {
    const operand = this.#unary()
    return this.#guarded(0, () => operation(numberOf(operand)))
  }

  #primary(): Value {
    const token = this.#token
    if (token.kind === 'number' || token.kind === 'string') {
      this.#at++
      return token.value
    }
    if (this.#take('(')) return this.#tuple()
    if (this.#take('[')) return this.#list(']')
    if (token.kind !== 'name') this.#fail()
    this.#at++
    if (this.#take('(')) return this.#call(token.text, this.#list(')'))
    return this.#name(token.text)
  }

  /** The bracket has been taken: `(a)` is a, `(a, b)` a tuple. */
  #tuple(): Value {
    if (this.#take(')')) return []
    const first = this.#expression()
    if (this.#take(')')) return first
    this.#expect(',')
    return [first, ...this.#list(')')]
  }

  #list(end: string): Value[] {
    const values: Value[] = []
    while (!this.#take(end)) {
      values.push(this.#expression())
      if (!this.#take(',')) {
        this.#expect(end)
        break
      }
    }
    return values
  }

  #name(name: string): Value {
    const word = WORDS.get(name)
    if (word !== undefined) return word
    const value = this.#environment.lookup(name)
    if (value === undefined) {
      if (!this.#live) return 0
      throw new ReferenceError(`the name '${name}' is not known`)
    }
    this.#seen.set(name, value)
    return value
  }

  #call(name: string, args: readonly Value[]): Value {
    if (name === 'print') {
      this.#print(args)
      return null
    }
    return this.#guarded(0, () => builtIn(name, args))
  }
}

function builtIn(name: string, args: readonly Value[]): Value {
  const list = args.length === 1 && Array.isArray(args[0]) ? (args[0] as readonly Value[]) : args
  switch (name) {
    case 'abs':
      return Math.abs(numberOf(args[0]))
    case 'min':
      return Math.min(...list.map(numberOf))
    case 'max':
      return Math.max(...list.map(numberOf))
    case 'sum':
      return list.map(numberOf).reduce((a, b) => a + b, 0)
    case 'len':
      return typeof args[0] === 'string' ? args[0].length : list.length
    case 'int':
      return Math.trunc(Number(args[0]))
    case 'float':
      return Number(args[0])
    case 'round':
      return args.length > 1
        ? Number(numberOf(args[0]).toFixed(numberOf(args[1])))
        : Math.round(numberOf(args[0]))
    case 'str':
      return textOf(args[0])
    case 'range':
      return range(args.map(numberOf))
    default:
      throw new ReferenceError(`the function '${name}' is not known`)
  }
}

const LONGEST_RANGE = 1_000_000

function range(args: readonly number[]): Value[] {
  const [start, end, step = 1] = args.length === 1 ? [0, args[0]] : args
  const count = Math.max(0, Math.ceil((end - start) / step))
  if (!(count <= LONGEST_RANGE)) throw new TypeError(`a range of ${count} numbers is too long`)
  return Array.from({ length: count }, (_, i) => start + i * step)
}

/** Pieces of an expression as one would write them. */
function spaced(pieces: readonly string[]): string {
  return pieces
    .join(' ')
    .replace(/ ?([([]) /g, (_, bracket: string) => (bracket === '(' ? '(' : '['))
    .replace(/ ([)\],])/g, '$1')
    .replace(/\b(and|or|not|in|==)\(/g, '$1 (')
}
