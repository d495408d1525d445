import { type SocketAddress, SocketError } from '@tapwire/sockets'
import type { Expression, StructField } from '../language/ast.ts'
import { ScriptError } from '../language/source.ts'
import { constant } from './constants.ts'

/** The value of `...`: whatever is usual there. */
export const ANY = Symbol('...')
export type Any = typeof ANY

/** Reads the arguments of one call as what the call wants. */
export class Arguments {
  readonly #file: string
  readonly #line: number
  readonly #args: readonly Expression[]
  readonly #defines: ReadonlyMap<string, string>

  constructor(file: string, line: number, args: readonly Expression[], defines: ReadonlyMap<string, string>) {
    this.#file = file
    this.#line = line
    this.#args = args
    this.#defines = defines
  }

  get count(): number {
    return this.#args.length
  }

  fail(reason: string, line = this.#line): never {
    throw new ScriptError(this.#file, line, reason)
  }

  /** @throws ScriptError when there are fewer */
  at(index: number): Expression {
    const expression = this.#args[index]
    if (expression === undefined) this.fail(`the call needs at least ${index + 1} arguments`)
    return expression
  }

  number(index: number): number {
    return this.numberOf(this.at(index))
  }

  /** @param fallback for `...` and for what is left out */
  numberOr(index: number, fallback: number): number {
    const expression = this.#args[index]
    return expression === undefined || expression.kind === 'ellipsis' ? fallback : this.numberOf(expression)
  }

  numberOf(expression: Expression): number {
    switch (expression.kind) {
      case 'number':
        return expression.value
      case 'name':
        return this.#named(expression.name, expression.line)
      case 'unary': {
        const value = this.numberOf(expression.operand)
        if (expression.operator === '-') return -value
        return expression.operator === '~' ? ~value : Number(value === 0)
      }
      case 'binary':
        return calculate(expression.operator, this.numberOf(expression.left), this.numberOf(expression.right))
      case 'apply':
        return this.#applied(expression.name, expression.args, expression.line)
      case 'list':
        if (expression.items.length === 1) return this.numberOf(expression.items[0])
        return this.fail('expected a number and not a list', expression.line)
      default:
        return this.fail(`expected a number and not a ${expression.kind}`, expression.line)
    }
  }

  #named(name: string, line: number): number {
    const defined = this.#defines.get(name)
    // A name may stand for another, as in -D LEVEL=SOL_IP.
    const value =
      defined === undefined || defined === '' ? constant(name) : (constant(defined) ?? Number(defined))
    if (value === undefined || Number.isNaN(value)) this.fail(`the name '${name}' is not known`, line)
    return value
  }

  /** Ports stay in the host's order here; nothing else is done to bytes. */
  #applied(name: string, args: readonly Expression[], line: number): number {
    if (['htons', 'ntohs', 'htonl', 'ntohl'].includes(name) && args.length === 1)
      return this.numberOf(args[0])
    return this.fail(`the function '${name}' is not known here`, line)
  }

  /** One element of a list of structures, or a single structure. */
  structs(index: number): readonly (readonly StructField[])[] {
    return this.structsOf(this.at(index))
  }

  structsOf(expression: Expression): readonly (readonly StructField[])[] {
    if (expression.kind === 'struct') return [expression.fields]
    if (expression.kind === 'list') return expression.items.flatMap((item) => this.structsOf(item))
    return this.fail('expected a {structure} or a list of them', expression.line)
  }

  /** A field by name, or by where it stands when it has none. */
  field(fields: readonly StructField[], name: string, position = -1): Expression | undefined {
    const named = fields.find((field) => field.name === name)
    if (named !== undefined) return named.value
    const other = fields[position]
    return other?.name === '' ? other.value : undefined
  }

  /** `{sa_family = AF_INET, sin_port = htons(8080), sin_addr = inet_addr("192.0.2.1")}`, or `...`. */
  address(index: number): SocketAddress | Any {
    return index < this.#args.length ? this.addressOf(this.at(index)) : ANY
  }

  addressOf(expression: Expression): SocketAddress | Any {
    if (expression.kind === 'ellipsis') return ANY
    if (expression.kind !== 'struct')
      return this.fail('expected an address like {sa_family = AF_INET, …}, or ...')
    const { fields } = expression
    const get = (...names: string[]): Expression | undefined =>
      names.map((name) => this.field(fields, name)).find((value) => value !== undefined)
    const family = get('sa_family', 'sin_family', 'sin6_family')
    const port = get('sin_port', 'sin6_port')
    const address = get('sin_addr', 'sin6_addr')
    if (family === undefined) return this.fail('an address needs a sa_family', expression.line)
    return {
      family: this.numberOf(family),
      port: port === undefined ? 0 : this.numberOf(port),
      address: address === undefined ? '' : this.#addressText(address),
    }
  }

  /** `inet_addr("…")`, `inet_pton(AF_INET6, "…")`, INADDR_ANY. */
  #addressText(expression: Expression): string {
    if (expression.kind === 'apply') {
      const text = expression.args.at(-1)
      if (expression.name.startsWith('inet_') && text?.kind === 'string') return text.value
      if (expression.name === 'htonl' && text !== undefined) return this.#addressText(text)
    }
    if (expression.kind === 'string') return expression.value
    const word = this.numberOf(expression)
    return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.')
  }

  /** What is written: a string's bytes, or `length` zeros. @throws SocketError EFAULT for NULL */
  bytes(index: number, length: number): Uint8Array | number {
    return this.bytesOf(this.at(index), length)
  }

  bytesOf(expression: Expression, length: number): Uint8Array | number {
    if (isNull(expression) && length > 0) throw new SocketError('EFAULT')
    if (expression.kind !== 'string') return length
    const text =
      expression.repeat === undefined ? expression.value : expression.value.repeat(expression.repeat)
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = i < text.length ? text.charCodeAt(i) : 0
    return bytes
  }

  /** The lengths of `[{..., 1000}, {"abc", 3}]`, with what is in them. */
  vectors(expression: Expression): (Uint8Array | number)[] {
    return this.structsOf(expression).map((fields) => {
      const base = this.field(fields, 'iov_base', 0)
      const length = this.field(fields, 'iov_len', 1)
      if (base === undefined || length === undefined) this.fail('expected {buffer, length}', expression.line)
      return this.bytesOf(base, this.numberOf(length))
    })
  }
}

export function isNull(expression: Expression): boolean {
  return expression.kind === 'name' && expression.name === 'NULL'
}

function calculate(operator: string, a: number, b: number): number {
  switch (operator) {
    case '|':
      return Number(BigInt(a) | BigInt(b))
    case '&':
      return Number(BigInt(a) & BigInt(b))
    case '^':
      return Number(BigInt(a) ^ BigInt(b))
    case '<<':
      return a * 2 ** b
    case '>>':
      return Math.floor(a / 2 ** b)
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    default:
      return Math.trunc(a / b)
  }
}
