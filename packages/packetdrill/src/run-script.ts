import type { CaptureSink, TcpSettings } from '@tapwire/stack'
import { parseScript } from './language/parser.ts'
import { ScriptError } from './language/source.ts'
import { Run } from './run/run.ts'
import { applyOption, applyOptionLines, defaultSettings, type RunSettings } from './run/settings.ts'

export interface RunOptions {
  /** Named in messages; default 'script'. */
  readonly file?: string
  /**
   * Options as on the command line, by packetdrill's names and without the dashes: `{ mtu: 1280, ip_version: 'ipv6' }`. They
   * win over the script's own lines.
   */
  readonly options?: Readonly<Record<string, string | number | boolean>>
  /** Names for `#ifdef`, with what they stand for in calls. STANDARD is always defined. */
  readonly defines?: Readonly<Record<string, string>>
  /** Settings of the stack under test, before the script's commands. */
  readonly tcp?: TcpSettings
  /** Takes the run as pcapng. */
  readonly capture?: CaptureSink
  /** Takes what the script's code prints. Default: nobody. */
  readonly print?: (line: string) => void
}

export interface ScriptResult {
  readonly file: string
  readonly passed: boolean
  /** What was not as the script says; null when it passed. */
  readonly error: ScriptError | null
  /** Seconds of virtual time that the script took. */
  readonly seconds: number
}

/**
 * Runs a packetdrill script against a stack of its own, in virtual time: at once, and every time the same.
 * @throws ERR_INVALID_ARG_VALUE (as a RangeError) for options that there are not; a script that is wrong, or that the stack
 * does not satisfy, throws nothing: see `error`
 */
export function runScript(text: string, options: RunOptions = {}): ScriptResult {
  const file = options.file ?? 'script'
  const given = Object.entries(options.options ?? {})
  let run: Run | null = null
  try {
    const defines = new Map<string, string>([['STANDARD', '1'], ...Object.entries(options.defines ?? {})])
    const script = parseScript(text, file, defines)
    const settings = defaultSettings('ipv4')
    settings.tcp = { ...settings.tcp, ...options.tcp }
    applyOptionLines(settings, file, script.options)
    applyGiven(settings, given)
    run = new Run(script, settings, defines, options.capture ?? null, options.print ?? (() => {}))
    run.play()
    return { file, passed: true, error: null, seconds: run.elapsed / 1e6 }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    return { file, passed: false, error, seconds: run === null ? 0 : run.elapsed / 1e6 }
  }
}

function applyGiven(
  settings: RunSettings,
  given: readonly (readonly [string, string | number | boolean])[],
): void {
  const ordered = [...given].sort(([a], [b]) => Number(b === 'ip_version') - Number(a === 'ip_version'))
  for (const [name, value] of ordered) {
    try {
      applyOption(settings, name, value === true ? '1' : value === false ? '0' : String(value))
    } catch (error) {
      throw new RangeError(`The option '${name}' ${(error as Error).message}`)
    }
  }
}
