/** What an expression of the Python subset can be. Numbers are doubles: what scripts count fits. */
export type Value = number | string | boolean | null | readonly Value[]

/** As Python's bool(). */
export function truth(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

/** As Python's str(). */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  return `[${value.map((item) => (typeof item === 'string' ? `'${item}'` : textOf(item))).join(', ')}]`
}

function equal(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => equal(item, b[i]))
  }
  return plain(a) === plain(b)
}

/** True is 1. */
function plain(value: Value): Value {
  return typeof value === 'boolean' ? Number(value) : value
}

/** @throws TypeError */
export function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  throw new TypeError(`${textOf(value)} is no number`)
}

export function compare(operator: string, a: Value, b: Value): boolean {
  if (operator === '==') return equal(a, b)
  if (operator === '!=' || operator === '<>') return !equal(a, b)
  if (operator === 'in') return contains(b, a)
  if (operator === 'not in') return !contains(b, a)
  if (operator === 'is') return equal(a, b)
  if (operator === 'is not') return !equal(a, b)
  const [left, right] = typeof a === 'string' && typeof b === 'string' ? [a, b] : [numberOf(a), numberOf(b)]
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}

function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') return container.includes(textOf(item))
  if (Array.isArray(container)) return container.some((other) => equal(other, item))
  throw new TypeError(`${textOf(container)} is nothing that can contain something`)
}

export function arithmetic(operator: string, a: Value, b: Value): Value {
  if (operator === '%' && typeof a === 'string') return format(a, b)
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') return a + b
  const x = numberOf(a)
  const y = numberOf(b)
  if ((operator === '/' || operator === '//' || operator === '%') && y === 0)
    throw new TypeError('division by zero')
  switch (operator) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return x / y
    case '//':
      return Math.floor(x / y)
    case '%':
      return x - y * Math.floor(x / y)
    case '**':
      return x ** y
    default:
      return Number(bits(operator, BigInt(x), BigInt(y)))
  }
}

function bits(operator: string, x: bigint, y: bigint): bigint {
  if (operator === '|') return x | y
  if (operator === '&') return x & y
  if (operator === '^') return x ^ y
  return operator === '<<' ? x << y : x >> y
}

/** `'%d of %s' % (1, 'x')` */
function format(text: string, values: Value): string {
  const list = Array.isArray(values) ? [...values] : [values]
  return text.replace(/%(?:%|[-0-9.]*([diufsxr]))/g, (piece, kind: string | undefined) => {
    if (kind === undefined) return '%'
    const value = list.shift()
    if (value === undefined) throw new TypeError(`nothing is left for ${piece}`)
    if (kind === 'x') return numberOf(value).toString(16)
    if (kind === 'f') return numberOf(value).toFixed(Number(/\.(\d+)/.exec(piece)?.[1] ?? 6))
    return 'diu'.includes(kind) ? String(Math.trunc(numberOf(value))) : textOf(value)
  })
}
