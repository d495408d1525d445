import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { createNet, type TapwireNet } from '@tapwire/net-api'
import type { NcOptions, Target } from '../commands/nc.ts'
import { Failure, Status } from '../failure.ts'
import type { Session } from '../session.ts'
import { pause, say, untilInterrupted } from '../terminal.ts'

/** A program that was started on the other side may need so many tries, a tenth of a second apart, until it listens. */
const TRIES = 50

/** `nc HOST PORT`. */
export async function connectTcp(session: Session, target: Target, options: NcOptions): Promise<number> {
  const net = createNet(session.world.stack)
  const socket = await connect(net, session, target, options)
  if (socket === null) return Status.Done
  if (options.verbose) say(session.terminal.stderr, `connected: ${endsOf(socket)}`)
  return converse(session, socket, options)
}

async function connect(
  net: TapwireNet,
  session: Session,
  { host, port }: Target,
  { sourcePort, timeout }: NcOptions,
): Promise<Socket | null> {
  const { terminal, hasPeer } = session
  for (let left = hasPeer ? TRIES : 1; !terminal.interrupted.aborted; left--) {
    const socket = net.connect({
      host: host as string,
      port,
      allowHalfOpen: true,
      ...(sourcePort === undefined ? {} : { localPort: sourcePort }),
    })
    if (timeout !== undefined)
      socket.setTimeout(timeout * 1000, () =>
        socket.destroy(new Failure(`nothing was heard for ${timeout} s`)),
      )
    try {
      await Promise.race([once(socket, 'connect'), untilInterrupted(terminal)])
      return terminal.interrupted.aborted ? null : socket
    } catch (error) {
      if (left === 1 || (error as { code?: unknown }).code !== 'ECONNREFUSED') throw error
      await pause(terminal, 100)
    }
  }
  return null
}

/** `nc -l PORT`. */
export async function listenTcp(
  session: Session,
  { host, port }: Target,
  options: NcOptions,
): Promise<number> {
  const { world, terminal } = session
  const net = createNet(world.stack)
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true })
  server.listen({ port, ...(host === null ? {} : { host }) })
  await once(server, 'listening')
  await tellHowToReach(session, port, (to, at) => `nc ${to} ${at}`)
  const door = new Door(server)
  const peer = session.hasPeer ? session.serve() : null
  const over = Promise.race([untilInterrupted(terminal), ...(peer === null ? [] : [peer])]).then(() => null)
  try {
    for (;;) {
      const socket = await Promise.race([door.next(), over])
      if (socket === null) return (await peer) ?? Status.Done
      if (options.verbose) say(terminal.stderr, `connected: ${endsOf(socket)}`)
      if (!options.keep) server.close()
      const status = await converse(session, socket, options)
      if (!options.keep) return (await peer) ?? status
    }
  } finally {
    server.close()
    door.close()
  }
}

/** Connections, one after the other: those that come meanwhile wait. */
class Door {
  readonly #waiting: Socket[] = []
  #wake: (() => void) | null = null

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#waiting.push(socket)
      this.#wake?.()
    })
  }

  async next(): Promise<Socket> {
    while (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#waiting.shift() as Socket
  }

  /** Nobody will talk to those that are left. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy()
  }
}

/** Standard input goes out, what comes goes to standard output; each way ends for itself. */
async function converse({ terminal }: Session, socket: Socket, { timeout }: NcOptions): Promise<number> {
  const { stdin, stdout } = terminal
  if (timeout !== undefined)
    socket.setTimeout(timeout * 1000, () => socket.destroy(new Failure(`nothing was heard for ${timeout} s`)))
  let failure: Error | null = null
  socket.on('error', (error) => {
    failure = error
  })
  socket.pipe(stdout, { end: false })
  stdin.pipe(socket)
  // A person at a terminal who has been hung up on has nothing more to say; a file is sent to its end.
  if (stdin.isTTY) socket.on('end', () => socket.end())
  await Promise.race([once(socket, 'close').catch(() => {}), untilInterrupted(terminal)])
  stdin.unpipe(socket)
  stdin.pause()
  if (failure !== null) throw failure
  return Status.Done
}

function endsOf(socket: Socket): string {
  return `${socket.localAddress} port ${socket.localPort}, to ${socket.remoteAddress} port ${socket.remotePort}`
}

/** Tells on standard error what to type on the other side. */
export async function tellHowToReach(
  { world, terminal }: Session,
  port: number,
  commandFor: (host: string, port: number) => string,
): Promise<void> {
  say(terminal.stderr, `tapwire: ${world.description}`)
  for (const line of await world.otherSide.howToReach(commandFor, port)) say(terminal.stderr, `  ${line}`)
}
