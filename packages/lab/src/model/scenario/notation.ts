import { ScenarioError } from './checks.ts'

/*
 * JSON values in characters that need no escape in an address: letters, digits and - . _ ~ ! * ( ) '.
 *
 *   value  = number | T | F | N | text | list | object
 *   text   = _ then letters, digits, - and . as they are, a blank as _, all else as * and four hexadecimal digits
 *   list   = ! value { ~ value } '      an empty one: !'
 *   object = ( key value { ~ key value } )
 *   key    = a letter or two, by a table, with a . behind it
 */

const DEEPEST = 8
const LONGEST = 100_000

/** Names of keys by their place. Append only: what addresses hold must be found for ever. */
const KEYS: readonly string[] = [
  'title',
  'seed',
  'ip',
  'duration',
  'hosts',
  'link',
  'router',
  'flows',
  'actions',
  'A',
  'B',
  'A→B',
  'B→A',
  'latency',
  'jitter',
  'bandwidth',
  'queue',
  'codel',
  'ecn',
  'loss',
  'reorder',
  'reorderBy',
  'duplicate',
  'corrupt',
  'mtu',
  'icmp',
  'dropData',
  'dropAny',
  'congestion',
  'sack',
  'rack',
  'tailLossProbe',
  'timestamps',
  'windowScaling',
  'delayedAck',
  'quickAck',
  'initialWindow',
  'sendBuffer',
  'receiveBuffer',
  'maxSegment',
  'slowStartAfterIdle',
  'synCookies',
  'mtuProbing',
  'minRto',
  'initialRto',
  'isn',
  'app',
  'from',
  'bytes',
  'start',
  'nagle',
  'keepAlive',
  'request',
  'response',
  'times',
  'pause',
  'read',
  'every',
  'readFrom',
  'answer',
  'who',
  'at',
  'syns',
  'backlog',
  'do',
  'way',
  'data',
  'segment',
  'bit',
  'flow',
  'flags',
  'seq',
  'ack',
  'set',
  'host',
  'version',
  'pieces',
  'back',
]

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

function keyCode(key: string): string {
  const place = KEYS.indexOf(key)
  if (place < 0) throw new ScenarioError(`There is no sign for '${key}' in an address`)
  const low = LETTERS[place % 26]
  return place < 26 ? low : LETTERS[Math.floor(place / 26) - 1] + low
}

const BY_CODE = new Map(KEYS.map((key) => [keyCode(key), key]))

export function write(value: unknown): string {
  if (value === null) return 'N'
  if (value === true) return 'T'
  if (value === false) return 'F'
  if (typeof value === 'number') return String(value).replace('+', '')
  if (typeof value === 'string') return `_${writeText(value)}`
  if (Array.isArray(value)) return `!${value.map(write).join('~')}'`
  const entries = Object.entries(value as object).filter(([, one]) => one !== undefined)
  return `(${entries.map(([key, one]) => `${keyCode(key)}.${write(one)}`).join('~')})`
}

function writeText(text: string): string {
  return text.replace(/[^A-Za-z0-9.-]/g, (letter) =>
    letter === ' ' ? '_' : `*${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** @throws ScenarioError for what `write` does not write */
export function read(text: string): unknown {
  if (text.length > LONGEST)
    throw new ScenarioError(`An address has at most ${LONGEST} characters for a scenario`)
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) this.#broken()
    const sign = this.#text[this.#at]
    switch (sign) {
      case 'T':
      case 'F':
      case 'N':
        this.#at++
        return sign === 'N' ? null : sign === 'T'
      case '_':
        this.#at++
        return this.#match(/(?:[A-Za-z0-9._-]|\*[0-9a-f]{4})*/y)
          .replace(/_/g, ' ')
          .replace(/\*(....)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
      case '!':
        return this.#list(depth)
      case '(':
        return this.#object(depth)
      default: {
        const number = Number(this.#match(/-?[0-9][0-9.]*(?:e-?[0-9]+)?/y))
        return Number.isFinite(number) ? number : this.#broken()
      }
    }
  }

  end(): void {
    if (this.#at < this.#text.length) this.#broken()
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = []
    this.#at++
    if (this.#skip("'")) return list
    do list.push(this.value(depth + 1))
    while (this.#skip('~'))
    if (!this.#skip("'")) this.#broken()
    return list
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    this.#at++
    if (this.#skip(')')) return object
    do {
      const key = BY_CODE.get(this.#match(/[a-z]{1,2}/y))
      if (key === undefined || !this.#skip('.') || Object.hasOwn(object, key)) return this.#broken()
      object[key] = this.value(depth + 1)
    } while (this.#skip('~'))
    if (!this.#skip(')')) this.#broken()
    return object
  }

  #skip(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return this.#broken()
    this.#at += found[0].length
    return found[0]
  }

  #broken(): never {
    throw new ScenarioError(
      `The address holds no scenario: it makes no sense from character ${this.#at + 1} on`,
    )
  }
}
