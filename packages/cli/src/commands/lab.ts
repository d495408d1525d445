import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { LiveRecorder } from '@tapwire/lab'
import { type LiveFeed, startLabServer } from '@tapwire/lab/live'
import { Failure, Status, usageFailure } from '../failure.ts'
import { curlCommand } from '../http/curl-command.ts'
import { folderHandler } from '../http/serve-folder.ts'
import { inWorld } from '../session.ts'
import { say, type Terminal, untilInterrupted } from '../terminal.ts'
import { readWorldOptions } from '../world/options.ts'
import { SERVICES_TEXT, startServices } from '../world/services.ts'

interface LabOptions {
  readonly port?: number
  readonly page?: string
}

/** Milliseconds between two messages to the pages. */
const FLUSH_EVERY = 50

/** `tapwire lab`: the page; with a device, what a live stack there does, too. */
export async function lab(terminal: Terminal, _: readonly string[], given: object): Promise<number> {
  const { port = 0, page: folder = builtPage() } = given as LabOptions
  if (!existsSync(join(folder, 'index.html')))
    throw usageFailure(`--page: there is no index.html in ${folder}`)
  const page = folderHandler(resolve(folder), { list: false })
  const options = readWorldOptions(given, { offload: false })
  if (options.device === null) {
    if (options.peer !== null) throw usageFailure('--peer needs a device')
    const server = await startLabServer({ page, feed: null, port })
    say(terminal.stdout, server.url)
    await untilInterrupted(terminal)
    await server.close()
    return Status.Done
  }
  const recorder = new LiveRecorder()
  const about = { command: 'lab', wrap: recorder.watch.bind(recorder) }
  return inWorld(terminal, options, about, async (session) => {
    const { stack, description, own, otherSide } = session.world
    session.tracing.add(recorder.tracer)
    recorder.attach(stack)
    await startServices(stack)
    const feed = new RecorderFeed(recorder)
    const server = await startLabServer({ page, feed, port })
    say(terminal.stdout, server.url)
    say(terminal.stderr, `tapwire: ${description}; at ${own[0]} there are ${SERVICES_TEXT}`)
    for (const line of await otherSide.howToReach(curlCommand, 80)) say(terminal.stderr, `  ${line}`)
    try {
      return await session.serve()
    } finally {
      feed.end()
      await server.close()
    }
  })
}

/** @throws Failure where the page has not been built, as in a fresh clone */
function builtPage(): string {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@tapwire/lab/package.json')),
    'dist',
    'page',
  )
  if (existsSync(join(folder, 'index.html'))) return folder
  throw new Failure('the page of the lab has not been built in this clone: npm run lab -- --build')
}

/** A recorder's messages for as many pages as come; while there is none nothing is put into words. */
class RecorderFeed implements LiveFeed {
  readonly #recorder: LiveRecorder
  readonly #listeners = new Set<(message: string) => void>()
  #timer: NodeJS.Timeout | null = null

  constructor(recorder: LiveRecorder) {
    this.#recorder = recorder
  }

  soFar(): readonly string[] {
    return [this.#recorder.snapshot()]
  }

  listen(listener: (message: string) => void): () => void {
    this.#listeners.add(listener)
    this.#timer ??= setInterval(() => this.#flush(), FLUSH_EVERY)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.end()
    }
  }

  #flush(): void {
    const message = this.#recorder.flush()
    if (message !== null) for (const listener of this.#listeners) listener(message)
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
