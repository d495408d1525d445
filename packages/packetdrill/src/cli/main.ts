import { createHash, type Hash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runScript, type ScriptResult } from '../run-script.ts'
import { type Command, readArguments, UsageError } from './arguments.ts'
import { findScripts } from './find-scripts.ts'
import { USAGE } from './usage.ts'

export interface Output {
  out(text: string): void
  error(text: string): void
}

interface Source {
  readonly file: string
  readonly text: string
}

/** The command `tapwire-packetdrill`. @returns its status: 0 all passed, 1 some failed, 2 a wrong command line */
export async function main(args: readonly string[], output: Output): Promise<number> {
  try {
    const command = readArguments(args)
    if (command.help) {
      output.out(USAGE)
      return 0
    }
    return await runAll(command, output)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    output.error(`tapwire-packetdrill: ${error.message}\n`)
    return 2
  }
}

async function runAll(command: Command, output: Output): Promise<number> {
  const sources = findScripts(command.paths).map((file) => ({ file, text: read(file) }))
  if (sources.length === 0) throw new UsageError('there is no script (*.pkt) in what was named')
  const first = await runOnce(command, sources, (text) => output.out(text))
  if (command.repeat === 1) return first.failed === 0 ? 0 : 1
  return repeat(command, sources, output, first)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`'${file}' cannot be read: ${(error as Error).message}`)
  }
}

interface Round {
  readonly failed: number
  /** Of all that was printed, and of every packet with its time where runs are compared. */
  readonly digest: string
}

async function runOnce(
  command: Command,
  sources: readonly Source[],
  write: (text: string) => void,
): Promise<Round> {
  const hash = createHash('sha256')
  const tell = (text: string): void => {
    hash.update(text)
    write(text)
  }
  let failed = 0
  for (const source of sources) {
    const lines: string[] = []
    const result = runOne(command, source, sources.length > 1, lines, hash)
    if (!result.passed) failed++
    if (!result.passed || !command.quiet) tell(reportOf(result, lines))
    // Ctrl-C and a closed pipe are heard between two scripts.
    await new Promise((resolve) => setImmediate(resolve))
  }
  tell(
    `${sources.length} ${sources.length === 1 ? 'script' : 'scripts'}: ${sources.length - failed} passed, ${failed} failed\n`,
  )
  return { failed, digest: hash.digest('hex') }
}

function runOne(
  command: Command,
  { file, text }: Source,
  several: boolean,
  lines: string[],
  hash: Hash,
): ScriptResult {
  const chunks: Uint8Array[] = []
  const result = runScript(text, {
    file,
    options: command.options,
    defines: command.defines,
    print: (line) => lines.push(line),
    ...(command.pcap === null && command.repeat === 1
      ? {}
      : { capture: (chunk: Uint8Array) => chunks.push(chunk) }),
  })
  // Runs that are to be alike are to have sent the same packets at the same times, too.
  for (const chunk of chunks) hash.update(chunk)
  if (command.pcap !== null) savePcap(command.pcap, file, several, chunks)
  return result
}

function savePcap(path: string, script: string, several: boolean, chunks: readonly Uint8Array[]): void {
  try {
    if (several) mkdirSync(path, { recursive: true })
    const target = several ? join(path, `${basename(script, '.pkt')}.pcapng`) : path
    writeFileSync(target, Buffer.concat(chunks))
  } catch (error) {
    throw new UsageError(`the capture cannot be written: ${(error as Error).message}`)
  }
}

function reportOf({ file, passed, error, seconds }: ScriptResult, printed: readonly string[]): string {
  const head = `${passed ? 'PASS' : 'FAIL'} ${file} (${seconds.toFixed(3)} s)\n`
  const body = error === null ? '' : `${error.message.replace(/^/gm, '  ')}\n`
  return head + printed.map((line) => `  | ${line}\n`).join('') + body
}

/** The same again, silently; what is different each time would be chance. */
async function repeat(
  command: Command,
  sources: readonly Source[],
  output: Output,
  first: Round,
): Promise<number> {
  for (let round = 2; round <= command.repeat; round++) {
    const { digest } = await runOnce(command, sources, () => {})
    if (digest !== first.digest) {
      output.out(`run ${round} gave another output, or other packets, than run 1\n`)
      return 1
    }
    if (round % 50 === 0) output.error(`run ${round} of ${command.repeat}\n`)
  }
  output.out(`${command.repeat} runs gave identical output and packets (SHA-256 ${first.digest})\n`)
  return first.failed === 0 ? 0 : 1
}
