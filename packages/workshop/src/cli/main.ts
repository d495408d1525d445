import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { type Exercise, exerciseOfFile, findExercise, listExercises } from './exercises.ts'
import { judgeInChild } from './judge-in-child.ts'
import { exerciseLines, runMenu } from './menu.ts'
import { loadProgress, noProgress, type Progress, progressFile, saveProgress } from './progress.ts'
import { reportText } from './report.ts'
import { writeStarter } from './starter.ts'
import { type Style, styleFor } from './style.ts'

const EXAMPLES = `
Examples:
  tapwire-workshop                        choose an exercise from the list
  tapwire-workshop select 3               read exercise 3, and get a file to begin with
  tapwire-workshop run 03-checksum.ts     see what your program does
  tapwire-workshop verify 03-checksum.ts  have it judged
  tapwire-workshop hint                   one hint more

Your progress is kept in $XDG_STATE_HOME/tapwire-workshop, which is ~/.local/state/tapwire-workshop
unless you say otherwise; your programs stay where you write them.`

/** Something that the person has to put right: one sentence, and status 1. */
class UsageError extends Error {}

interface Session {
  readonly exercises: readonly Exercise[]
  readonly progress: Progress
  readonly file: string
  readonly style: Style
}

interface FileOptions {
  readonly exercise?: string
  readonly timeLimit: number
  readonly kernel?: boolean
}

/** The command. @returns its status */
export async function main(args: readonly string[]): Promise<number> {
  let status = 0
  const program = commandLine((code) => {
    status = code
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`tapwire-workshop: ${error.message}\n`)
    return 1
  }
}

function commandLine(onStatus: (code: number) => void): Command {
  const program = new Command('tapwire-workshop')
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  program
    .description('TCP/IP by hand: exercises in which real frames judge your programs.')
    .version((JSON.parse(manifest) as { version: string }).version)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .action(() => chooseFromMenu(open()))
  program
    .command('list')
    .description('print the exercises, and which are done')
    .action(() => printList(open()))
  program
    .command('select')
    .argument('<exercise>', 'its number, or a part of its name')
    .description('choose an exercise: prints it, and writes a file to begin with into this folder')
    .addHelpText('after', '\nExamples:\n  tapwire-workshop select 2\n  tapwire-workshop select handshake')
    .action((name: string) => select(open(), name))
  program
    .command('show')
    .description('print the selected exercise once more')
    .action(() => print(`\n${selectedIn(open()).text}`))
  withFile(program.command('run'))
    .description('run a program as its exercise would, and show what happens, without a judgement')
    .addHelpText('after', '\nExample:\n  tapwire-workshop run 06-handshake.ts')
    .action(async (file: string, options: FileOptions) => onStatus(await run(open(), file, options)))
  withFile(program.command('verify'))
    .description('judge a program')
    .option('--no-kernel', 'do not ask the kernel, even if it could be asked')
    .addHelpText('after', '\nExample:\n  tapwire-workshop verify 06-handshake.ts')
    .action(async (file: string, options: FileOptions) => onStatus(await verify(open(), file, options)))
  program
    .command('hint')
    .description('one hint more for the selected exercise')
    .action(() => hint(open()))
  program
    .command('reset')
    .argument('[exercise]', 'left out: all of them')
    .description('forget what was done; your files stay')
    .action((name?: string) => reset(open(), name))
  return program
}

function withFile(command: Command): Command {
  return command
    .argument('<file>', 'your TypeScript file')
    .option('-e, --exercise <exercise>', "default: the one that the file's name names, else the selected one")
    .addOption(
      new Option('--time-limit <seconds>', 'end a program that takes longer')
        .default(20)
        .argParser((text) => {
          const seconds = Number(text)
          if (seconds >= 1 && seconds <= 3600) return seconds
          throw new UsageError(`--time-limit takes 1 to 3600 seconds, not '${text}'.`)
        }),
    )
}

function print(text: string): void {
  process.stdout.write(text)
}

function open(): Session {
  const file = progressFile()
  const { progress, note } = loadProgress(file)
  if (note !== null) process.stderr.write(`tapwire-workshop: ${note}\n`)
  return { exercises: listExercises(), progress, file, style: styleFor(process.stdout) }
}

function save({ file, progress }: Session): void {
  const problem = saveProgress(file, progress)
  if (problem !== null) process.stderr.write(`tapwire-workshop: ${problem}\n`)
}

function named({ exercises }: Session, name: string): Exercise {
  const exercise = findExercise(exercises, name)
  if (exercise !== null) return exercise
  throw new UsageError(
    `There is no exercise '${name}': choose one from 1 to ${exercises.length}, or a part of a name.`,
  )
}

function selectedIn({ exercises, progress }: Session): Exercise {
  const exercise = exercises.find(({ id }) => id === progress.selected)
  if (exercise !== undefined) return exercise
  throw new UsageError('No exercise is selected. Choose one first: tapwire-workshop select 1')
}

async function chooseFromMenu(session: Session): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return printList(session)
  const { exercises, progress, style } = session
  const chosen = await runMenu(process.stdin, process.stdout, exercises, progress, style)
  if (chosen !== null) select(session, exercises[chosen].id)
}

function printList({ exercises, progress, style }: Session): void {
  const done = exercises.filter(({ id }) => progress.passed[id] !== undefined).length
  print(`${exerciseLines(exercises, progress, style).join('\n')}\n\n`)
  print(`${done} of ${exercises.length} are done. Choose one: tapwire-workshop select 1\n`)
}

function select(session: Session, name: string): void {
  const exercise = named(session, name)
  session.progress.selected = exercise.id
  save(session)
  print(`\n${exercise.text}\n`)
  let written: string[]
  try {
    written = writeStarter(exercise, process.cwd())
  } catch (error) {
    throw new UsageError(`No file can be written into this folder: ${(error as Error).message}`)
  }
  const { style } = session
  if (written.length > 0) print(`Written into this folder: ${written.map(style.strong).join(', ')}\n`)
  else print(`${style.strong(`${exercise.id}.ts`)} is here already, and stays as it is.\n`)
  print(`When it is done: ${style.strong(`tapwire-workshop verify ${exercise.id}.ts`)}\n`)
}

/** The exercise that a file is for, and its whole path. */
function taskFor(
  session: Session,
  file: string,
  { exercise }: FileOptions,
): { exercise: Exercise; file: string } {
  const path = resolve(file)
  if (!existsSync(path)) throw new UsageError(`There is no file ${file}.`)
  if (exercise !== undefined) return { exercise: named(session, exercise), file: path }
  return { exercise: exerciseOfFile(session.exercises, path) ?? selectedIn(session), file: path }
}

async function run(session: Session, name: string, options: FileOptions): Promise<number> {
  const { exercise, file } = taskFor(session, name, options)
  const { style } = session
  const task = { exercise: exercise.folder, file, limit: options.timeLimit, kernel: false, show: true }
  const { verdict, output, stories } = await judgeInChild(task)
  printOutput(output, style)
  for (const { calls, ladders } of stories) {
    for (const call of calls) print(`  ${call}\n`)
    for (const ladder of ladders) print(`${ladder.join('\n')}\n`)
  }
  const fine = verdict.kind === 'passed' || verdict.kind === 'failed'
  if (!fine) print(reportText(verdict, style))
  else print(`\nNothing was judged. For that: ${style.strong(`tapwire-workshop verify ${name}`)}\n`)
  return fine ? 0 : 1
}

async function verify(session: Session, name: string, options: FileOptions): Promise<number> {
  const { exercise, file } = taskFor(session, name, options)
  const { style, progress } = session
  print(`${style.strong(exercise.title)}: ${basename(file)}\n\n`)
  const task = {
    exercise: exercise.folder,
    file,
    limit: options.timeLimit,
    kernel: options.kernel !== false,
    show: false,
  }
  const { verdict, output } = await judgeInChild(task, {
    onCase: (text) => print(`  ${style.good('✔')} ${text}\n`),
  })
  print(reportText(verdict, style))
  printOutput(output, style)
  if (verdict.kind !== 'passed') {
    if (verdict.kind === 'failed') print(`\nMore help: ${style.strong('tapwire-workshop hint')}\n`)
    progress.selected ??= exercise.id
    save(session)
    return 1
  }
  progress.passed[exercise.id] = new Date().toISOString()
  progress.selected = exercise.id
  save(session)
  print(`\n${style.good(style.strong('Passed.'))} ${whatNext(session)}\n`)
  return 0
}

function whatNext({ exercises, progress }: Session): string {
  const next = exercises.find(({ id }) => progress.passed[id] === undefined)
  if (next !== undefined)
    return `Next: tapwire-workshop select ${Number(next.id.slice(0, 2))}   (${next.title})`
  return `All ${exercises.length} are done: what you have written is a TCP.`
}

function printOutput(output: string, style: Style): void {
  if (output === '') return
  const text = output.trimEnd().split('\n').join('\n  ')
  print(`\n${style.faint('Your program printed:')}\n  ${text}\n`)
}

async function hint(session: Session): Promise<void> {
  const exercise = selectedIn(session)
  const { hints } = (await import(`${exercise.folder}/hints.ts`)) as { hints: readonly string[] }
  const { progress, style } = session
  const shown = Math.min((progress.hints[exercise.id] ?? 0) + 1, hints.length)
  progress.hints[exercise.id] = shown
  save(session)
  print(`${style.strong(`${exercise.title}, hint ${shown} of ${hints.length}`)}\n${hints[shown - 1]}\n`)
  if (shown === hints.length) print(style.faint('That was the last one. What you know now is enough.\n'))
}

function reset(session: Session, name: string | undefined): void {
  const { progress } = session
  if (name === undefined) {
    save({ ...session, progress: noProgress() })
    print('Everything is forgotten; your files are where they were.\n')
    return
  }
  const { id, title } = named(session, name)
  delete progress.passed[id]
  delete progress.hints[id]
  if (progress.selected === id) progress.selected = null
  save(session)
  print(`Forgotten: ${title}. Your files are where they were.\n`)
}
