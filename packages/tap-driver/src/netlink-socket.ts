import { errnoName } from './errno.ts'
import { TapError } from './errors.ts'
import { libc, O_CLOEXEC } from './libc.ts'
import { isAcknowledgement, type NetlinkMessage, type NetlinkReply, parseReplies } from './netlink.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const NETLINK_ROUTE = 0
const MSG_DONTWAIT = 0x40

/** What the kernel answered to a request: 0 or an errno, and the messages before the acknowledgement. */
export interface NetlinkAnswer {
  readonly errno: number
  readonly replies: readonly NetlinkReply[]
}

/**
 * An rtnetlink socket of the network namespace in which it was opened. The kernel works requests off inside
 * `send`, so the answer is there when it returns: nothing here waits.
 */
export class NetlinkSocket {
  readonly #fd: number
  readonly #buffer = new Uint8Array(new ArrayBuffer(32_768))
  #sequence = 0

  constructor() {
    this.#fd = libc().socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_ROUTE)
    if (this.#fd < 0) throw systemError('socket', 'No rtnetlink socket could be opened')
  }

  /** @param build fills in a message that carries the given sequence number */
  request(build: (sequence: number) => NetlinkMessage): NetlinkAnswer {
    const message = build(++this.#sequence).finish()
    const c = libc()
    if (c.send(this.#fd, message, message.length, 0) < 0)
      throw systemError('send', 'An rtnetlink request was refused')
    const replies: NetlinkReply[] = []
    for (;;) {
      const length = c.recv(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT)
      if (length < 0) throw systemError('recv', 'The kernel did not answer an rtnetlink request')
      for (const reply of parseReplies(this.#buffer.slice(0, length))) {
        if (isAcknowledgement(reply)) return { errno: reply.errno, replies }
        replies.push(reply)
      }
    }
  }

  close(): void {
    libc().close(this.#fd)
  }
}

function systemError(syscall: string, what: string): TapError {
  const code = errnoName(libc().errno())
  return new TapError(code, `${what}: ${syscall} failed with ${code}.`, syscall)
}

/** Opens a socket for the duration of `use`. */
export function withNetlink<T>(use: (socket: NetlinkSocket) => T): T {
  const socket = new NetlinkSocket()
  try {
    return use(socket)
  } finally {
    socket.close()
  }
}
