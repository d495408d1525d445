import type { EventBody, EventTime, Script, ScriptEvent, ScriptOptionLine, Usecs } from './ast.ts'
import { parseCall } from './parse-call.ts'
import { parsePacket } from './parse-packet.ts'
import { preprocess } from './preprocess.ts'
import { Scanner } from './scanner.ts'

const OPTION = /--([A-Za-z]\w*)(?:[= \t]([^\s]+|"[^"]*"))?/y
const COMMAND = /`([^`]*)`/y
const CODE = /%\{([\s\S]*?)\}%/y
const SECONDS = /(\+?)\s*(\d+(?:\.\d+)?|\.\d+)/y

/**
 * Reads a script: options first, then events.
 * @param defines names that `#ifdef` knows; `#define` and `--define` add to them
 * @throws ScriptError with the line
 */
export function parseScript(text: string, file = 'script', defines: Map<string, string> = new Map()): Script {
  // They come first, for branches ask for them.
  for (const [, definition] of text.matchAll(/^--define[= ](\S+)/gm)) define(defines, definition)
  const scanner = new Scanner(preprocess(text.replaceAll('\r\n', '\n'), file, defines), file, defines)
  const options: ScriptOptionLine[] = []
  while (!scanner.atEnd && scanner.sees('--')) {
    const option = parseOptionLine(scanner)
    if (option.name !== 'define') options.push(option)
  }
  const events: ScriptEvent[] = []
  while (!scanner.atEnd) events.push(parseEvent(scanner))
  return { file, options, events }
}

/** `NAME` or `NAME=VALUE` */
function define(defines: Map<string, string>, text: string): void {
  const [name, ...value] = text.split('=')
  defines.set(name, value.join('='))
}

function parseOptionLine(scanner: Scanner): ScriptOptionLine {
  const line = scanner.line()
  const found = scanner.match(OPTION)
  if (found === null) scanner.fail('expected an option like --mss=1000')
  return { line, name: found[1], value: found[2]?.replace(/^"|"$/g, '') ?? null }
}

function parseEvent(scanner: Scanner): ScriptEvent {
  const start = scanner.skip()
  const line = scanner.line(start)
  const time = parseTime(scanner)
  const until = scanner.take('...') ? parseSeconds(scanner).usecs : undefined
  if (until !== undefined && time.kind === 'any') scanner.fail("a blocking call needs a time, not '*'")
  const body = parseBody(scanner)
  if (until !== undefined && body.kind !== 'call') scanner.fail('only a call can take time (t...t2)')
  const text = scanner.text.slice(start, scanner.end).replace(/\s+/g, ' ')
  return { line, time, body, text, ...(until === undefined ? {} : { until }) }
}

function parseBody(scanner: Scanner): EventBody {
  if (scanner.sees('<') || scanner.sees('>')) return parsePacket(scanner)
  if (scanner.sees('`')) {
    const found = scanner.match(COMMAND)
    if (found === null) scanner.fail('a command that does not end')
    return { kind: 'command', text: found[1].trim() }
  }
  if (scanner.sees('%{')) {
    const found = scanner.match(CODE)
    if (found === null) scanner.fail('code that does not end with }%')
    return { kind: 'code', text: found[1] }
  }
  return parseCall(scanner)
}

/** `*`, `1.5`, `+.1`, `1~2`, `+0~+.1`. */
function parseTime(scanner: Scanner): EventTime {
  if (scanner.take('*')) return { kind: 'any' }
  const { usecs: at, relative } = parseSeconds(scanner)
  const kind = relative ? 'relative' : 'absolute'
  if (!scanner.take('~')) return { kind, at }
  const { usecs: to } = parseSeconds(scanner)
  if (to < at) scanner.fail('a range of time that ends before it begins')
  return { kind, at, to }
}

function parseSeconds(scanner: Scanner): { usecs: Usecs; relative: boolean } {
  const found = scanner.match(SECONDS)
  if (found === null) scanner.fail('expected a time in seconds like 0.1, +0.1, or *')
  return { usecs: Math.round(Number(found[2]) * 1e6), relative: found[1] === '+' }
}
