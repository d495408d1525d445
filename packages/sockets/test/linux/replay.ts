import { SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import {
  AF_INET,
  AF_UNSPEC,
  createSockets,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  type PollFd,
  SIOCINQ,
  SO_ERROR,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
  type Sockets,
  TCP_INFO,
  type TcpInfoStruct,
} from '../../src/index.ts'

/** A call, the name of its socket, and its arguments: as `record.py` has them. */
export type Step = readonly [call: string, name: string, ...args: (number | string)[]]
export type Outcome = number | string

const ALL = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP

/** Runs a scenario on a stack of its own, over its loopback, in virtual time. */
export async function replay(scenario: readonly Step[]): Promise<Outcome[]> {
  const clock = new VirtualClock()
  const stack = new Stack({ clock, random: new SeededRandom(7), limits: { memory: 1 << 24 } })
  const sockets = createSockets(stack)
  const names = new Map<string, number>()
  const results = scenario.map((step) => {
    const outcome = attempt(sockets, names, step)
    clock.advance(2)
    return outcome
  })
  sockets.closeAll()
  await stack.close()
  return results
}

function attempt(sockets: Sockets, names: Map<string, number>, step: Step): Outcome {
  const [call, name] = step
  if (!names.has(name) && call !== 'tcp' && call !== 'udp') return 'none'
  try {
    return run(sockets, names, step)
  } catch (error) {
    if (error instanceof SocketError) return error.code
    throw error
  }
}

function run(sockets: Sockets, names: Map<string, number>, [call, name, ...args]: Step): Outcome {
  const fd = names.get(name) ?? -1
  const [first = 0, second = 0, third = 0] = args as number[]
  const port = 20_000 + first
  switch (call) {
    case 'tcp':
    case 'udp': {
      const type = call === 'tcp' ? SOCK_STREAM : SOCK_DGRAM
      if (fd >= 0) sockets.close(fd)
      names.set(name, sockets.socket(AF_INET, type | SOCK_NONBLOCK))
      return 0
    }
    case 'bind':
      return sockets.bind(fd, { family: AF_INET, address: '127.0.0.1', port })
    case 'listen':
      return sockets.listen(fd, first)
    case 'connect':
      return atOnce(sockets.connect(fd, { family: AF_INET, address: '127.0.0.1', port }))
    case 'disconnect':
      return atOnce(sockets.connect(fd, { family: AF_UNSPEC, address: '', port: 0 }))
    case 'accept': {
      const accepted = atOnce(sockets.accept4(fd, SOCK_NONBLOCK))
      const old = names.get(String(args[0]))
      if (old !== undefined) sockets.close(old)
      names.set(String(args[0]), accepted)
      return 0
    }
    case 'send':
      return atOnce(sockets.send(fd, first, second | MSG_NOSIGNAL))
    case 'sendto':
      return atOnce(
        sockets.sendto(fd, first, MSG_NOSIGNAL, {
          family: AF_INET,
          address: '127.0.0.1',
          port: 20_000 + second,
        }),
      )
    case 'recv':
      return atOnce(sockets.recv(fd, first, second))
    case 'shutdown':
      return sockets.shutdown(fd, first)
    case 'close':
      names.delete(name)
      return atOnce(sockets.close(fd))
    case 'poll': {
      const entry: PollFd = { fd, events: ALL, revents: 0 }
      atOnce(sockets.poll([entry], 0))
      return entry.revents
    }
    case 'error':
      return sockets.getsockopt(fd, SOL_SOCKET, SO_ERROR) as number
    case 'set':
      return sockets.setsockopt(fd, first, second, third)
    case 'get':
      return sockets.getsockopt(fd, first, second) as number
    case 'linger':
      return sockets.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: first })
    case 'inq':
      return sockets.ioctl(fd, SIOCINQ)
    case 'state':
      return (sockets.getsockopt(fd, IPPROTO_TCP, TCP_INFO) as TcpInfoStruct).tcpi_state
    case 'named':
      return sockets.getsockname(fd).port > 0 ? 1 : 0
    case 'peer':
      return sockets.getpeername(fd).port > 0 ? 1 : 0
    default:
      throw new Error(`no call '${call}'`)
  }
}

function atOnce(result: number | Promise<unknown>): number {
  if (typeof result === 'number') return result
  throw new Error('a call waits, and must not')
}

/** Our FIN is acknowledged, or will be within the delay of an ACK: FIN-WAIT-1 and 2 are not told apart. */
export function same(ours: Outcome, theirs: Outcome | undefined, step: Step | undefined): boolean {
  const early = (state: Outcome | undefined): Outcome | undefined => (state === 4 ? 5 : state)
  return step?.[0] === 'state' ? early(ours) === early(theirs) : ours === theirs
}
