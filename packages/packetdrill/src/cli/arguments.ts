import { applyOption, defaultSettings, OPTION_NAMES } from '../run/settings.ts'

/** What the command line asks for. */
export interface Command {
  readonly help: boolean
  readonly paths: readonly string[]
  /** For the scripts, by packetdrill's names. */
  readonly options: Readonly<Record<string, string>>
  readonly defines: Readonly<Record<string, string>>
  /** A file, or a folder for several scripts. */
  readonly pcap: string | null
  readonly repeat: number
  readonly quiet: boolean
}

/** A mistake on the command line, in one sentence. */
export class UsageError extends Error {}

const FLAGS = new Set([
  'strict_segments',
  'exact',
  'ignore_commands',
  'verbose',
  'lenient_psh',
  'lenient_window',
  'lenient_option_order',
  'lenient_wscale',
])

/** @throws UsageError */
export function readArguments(args: readonly string[]): Command {
  const reader = new Reader(args)
  while (reader.more) reader.next()
  const { command } = reader
  if (!command.help && command.paths.length === 0) throw new UsageError('there is no script to run')
  return command
}

class Reader {
  readonly #args: readonly string[]
  #at = 0
  readonly #paths: string[] = []
  readonly #options: Record<string, string> = {}
  readonly #defines: Record<string, string> = {}
  #help = false
  #quiet = false
  #pcap: string | null = null
  #repeat = 1
  #onlyPaths = false

  constructor(args: readonly string[]) {
    this.#args = args
  }

  get more(): boolean {
    return this.#at < this.#args.length
  }

  get command(): Command {
    return {
      help: this.#help,
      paths: this.#paths,
      options: this.#options,
      defines: this.#defines,
      pcap: this.#pcap,
      repeat: this.#repeat,
      quiet: this.#quiet,
    }
  }

  next(): void {
    const word = this.#args[this.#at++]
    if (word === '--' && !this.#onlyPaths) {
      this.#onlyPaths = true
    } else if (this.#onlyPaths || !word.startsWith('-')) {
      this.#paths.push(word)
    } else if (word.startsWith('-D') && word.length > 2) {
      this.#define(word.slice(2))
    } else {
      const found = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(word)
      if (found === null) throw new UsageError(`'${word}' is no option (see --help)`)
      this.#option(found[1].replaceAll('-', '_'), found[2])
    }
  }

  /** The value behind `=`, or the next word. */
  #value(name: string, given: string | undefined): string {
    const value = given ?? this.#args[this.#at++]
    if (value === undefined) throw new UsageError(`--${name} needs a value`)
    return value
  }

  #option(name: string, given: string | undefined): void {
    if (name === 'help' || name === 'h') this.#help = true
    else if (name === 'v') this.#forScripts('verbose', '1')
    else if (name === 'quiet' || name === 'q') this.#quiet = true
    else if (name === 'define' || name === 'D') this.#define(this.#value(name, given))
    else if (name === 'pcap') this.#pcap = this.#value(name, given)
    else if (name === 'repeat') this.#repeat = count(this.#value(name, given))
    else if (OPTION_NAMES.includes(name))
      this.#forScripts(name, FLAGS.has(name) ? (given ?? '1') : this.#value(name, given))
    else throw new UsageError(`--${name} is not known (see --help)`)
  }

  #forScripts(name: string, value: string): void {
    try {
      applyOption(defaultSettings('ipv4'), name, value)
    } catch (error) {
      throw new UsageError(`--${name}=${value}: it ${(error as Error).message}`)
    }
    this.#options[name] = value
  }

  #define(text: string): void {
    const [name, ...value] = text.split('=')
    if (!/^\w+$/.test(name)) throw new UsageError(`'${text}' is no NAME or NAME=VALUE`)
    this.#defines[name] = value.join('=')
  }
}

function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new UsageError(`--repeat must be a whole number from 1 on, and not '${text}'`)
}
