import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { createDgram } from '@tapwire/net-api'
import type { NcOptions, Target } from '../commands/nc.ts'
import { Status } from '../failure.ts'
import type { Session } from '../session.ts'
import { pause, say, untilInterrupted } from '../terminal.ts'
import { tellHowToReach } from './tcp.ts'

/** When standard input has ended, an answer may still come: so many seconds, where -w does not say. */
const LAST_ANSWER = 1

/** `nc -u HOST PORT`. */
export async function connectUdp(
  session: Session,
  { host, port }: Target,
  options: NcOptions,
): Promise<number> {
  const socket = createDgram(session.world.stack).createSocket(host?.includes(':') ? 'udp6' : 'udp4')
  const failed = failureOf(socket)
  if (options.sourcePort !== undefined) socket.bind(options.sourcePort)
  socket.connect(port, host as string)
  await Promise.race([once(socket, 'connect'), failed])
  return converse(session, socket, options, failed)
}

/** `nc -u -l PORT`: whoever sends first is talked to. */
export async function listenUdp(
  session: Session,
  { host, port }: Target,
  options: NcOptions,
): Promise<number> {
  const { terminal } = session
  const dual = host === null || host.includes(':')
  const socket = createDgram(session.world.stack).createSocket(
    dual ? { type: 'udp6', ipv6Only: false } : { type: 'udp4' },
  )
  const failed = failureOf(socket)
  socket.bind(port, host ?? undefined)
  await Promise.race([once(socket, 'listening'), failed])
  await tellHowToReach(session, port, (to, at) => `nc -u ${to} ${at}`)
  const peer = session.hasPeer ? session.serve() : null
  const first = await Promise.race([
    once(socket, 'message'),
    failed,
    untilInterrupted(terminal),
    ...(peer === null ? [] : [peer.then(() => undefined)]),
  ])
  if (first === undefined) {
    socket.close()
    return (await peer) ?? Status.Done
  }
  const [message, from] = first as [Buffer, { address: string; port: number }]
  if (options.verbose) say(terminal.stderr, `talking to ${from.address} port ${from.port}`)
  terminal.stdout.write(message)
  socket.connect(from.port, from.address)
  await once(socket, 'connect')
  const status = await converse(session, socket, options, failed)
  return (await peer) ?? status
}

function failureOf(socket: Socket): Promise<never> {
  const failed = new Promise<never>((_, reject) => socket.on('error', reject))
  // Nobody may be waiting at the moment.
  failed.catch(() => {})
  return failed
}

/** Until standard input has ended and nothing came for a while, or nothing moved for as long as -w says. */
async function converse(
  { terminal }: Session,
  socket: Socket,
  { timeout }: NcOptions,
  failed: Promise<never>,
): Promise<number> {
  const { stdin, stdout } = terminal
  let moved = performance.now()
  let ended = false
  socket.on('message', (message) => {
    moved = performance.now()
    stdout.write(message)
  })
  const send = (piece: Buffer | string): void => {
    moved = performance.now()
    socket.send(piece)
  }
  stdin.on('data', send).on('end', () => {
    ended = true
  })
  const patience = (timeout ?? LAST_ANSWER) * 1000
  try {
    while (
      !terminal.interrupted.aborted &&
      !((ended || timeout !== undefined) && performance.now() - moved > patience)
    ) {
      await Promise.race([pause(terminal, 20), failed])
    }
  } finally {
    stdin.off('data', send).pause()
    socket.close()
  }
  return Status.Done
}
