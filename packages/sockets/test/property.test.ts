import { createCable, impair, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import { afterAll, expect, it } from 'vitest'
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  CONSTANTS,
  createSockets,
  type OptionValue,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  type SocketAddress,
  SocketError,
  type Sockets,
} from '../src/index.ts'

/** Calls with sensible arguments most of the time, odd ones, and nonsense; on descriptors that it has been given. */
class Player {
  readonly #sockets: Sockets
  readonly #random: SeededRandom
  readonly #peers: readonly string[]
  /** Descriptors that were open at some time, the latest last. */
  readonly #known: number[] = []
  readonly #levels = [CONSTANTS.SOL_SOCKET, CONSTANTS.SOL_TCP, CONSTANTS.SOL_IP, CONSTANTS.SOL_IPV6, 99]
  readonly #flags = Object.entries(CONSTANTS)
    .filter(([name]) => name.startsWith('MSG_'))
    .map(([, value]) => value)

  constructor(sockets: Sockets, random: SeededRandom, peers: readonly string[]) {
    this.#sockets = sockets
    this.#random = random
    this.#peers = peers
  }

  get #isWild(): boolean {
    return this.#below(12) === 0
  }

  #remember(result: unknown): unknown {
    if (typeof result === 'number') this.#known.push(result)
    else if (result instanceof Promise) result.then((fd) => this.#known.push(fd)).catch(() => {})
    return result
  }

  #below(n: number): number {
    return this.#random.uint32() % n
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T
  }

  #fd(): number {
    if (this.#isWild) return this.#pick([-1, 99, 1.5, Number.NaN, 5])
    return this.#pick(this.#known.slice(-6)) ?? 3
  }

  #address(): SocketAddress {
    if (!this.#isWild)
      return { family: AF_INET, address: this.#pick(this.#peers), port: this.#pick([7, 7, 7, 8]) }
    const v4 = {
      family: AF_INET,
      address: this.#pick(['10.0.0.1', '10.0.0.2', '127.0.0.1', '0.0.0.0', '10.9.9.9', 'x']),
    }
    const v6 = {
      family: AF_INET6,
      address: this.#pick(['fd00::1', 'fd00::2', '::1', '::', '::ffff:10.0.0.2']),
    }
    const port = this.#pick([7, 7, 7, 8, 9, 0, 65_536, -1])
    const family = this.#pick<{ family: number; address: string }>([
      v4,
      v4,
      v4,
      v6,
      { family: AF_UNSPEC, address: '' },
    ])
    return { ...family, port }
  }

  #size(): number {
    return this.#isWild ? this.#pick([-1, 0.5, 1e8]) : this.#pick([0, 1, 10, 1000, 100_000])
  }

  #flag(): number {
    return this.#below(4) > 0 ? 0 : this.#pick(this.#flags) | (this.#isWild ? this.#pick(this.#flags) : 0)
  }

  #value(): OptionValue {
    const numbers = [0, 1, 2, -1, 5, 100, 1000, 70_000, 1e9, 2 ** 31, 0.5, Number.NaN]
    return this.#pick<OptionValue>([
      ...numbers,
      'cubic',
      'reno',
      'bbr',
      'nosuch',
      { onoff: 1, linger: this.#below(3) },
      { sec: this.#below(2), usec: this.#below(2_000_000) },
    ])
  }

  /** Something for the others to connect to. */
  #listen(): unknown {
    const fd = this.#sockets.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)
    this.#known.push(fd)
    this.#sockets.setsockopt(fd, CONSTANTS.SOL_SOCKET, CONSTANTS.SO_REUSEADDR, 1)
    this.#sockets.bind(fd, { family: AF_INET, address: '0.0.0.0', port: 7 })
    return this.#sockets.listen(fd, 3)
  }

  step(): unknown {
    const sockets = this.#sockets
    const fd = this.#fd()
    const kind = this.#isWild ? 3 : this.#pick([SOCK_STREAM, SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM])
    const type = kind | this.#pick([0, SOCK_NONBLOCK, SOCK_NONBLOCK])
    if (this.#known.length === 0 || this.#below(40) === 0) return this.#listen()
    switch (this.#below(26)) {
      case 0:
      case 1:
        return this.#remember(
          sockets.socket(this.#isWild ? this.#pick([AF_INET6, 1]) : AF_INET, type, this.#isWild ? 6 : 0),
        )
      case 2:
        return sockets.bind(
          fd,
          this.#isWild ? this.#address() : { family: AF_INET, address: '0.0.0.0', port: 7 },
        )
      case 3:
        return sockets.listen(fd, this.#pick([0, 1, 5, -1, 1e6]))
      case 4:
      case 5:
        return this.#remember(sockets.accept4(fd, this.#isWild ? 1 : SOCK_NONBLOCK))
      case 6:
      case 7:
        return sockets.connect(fd, this.#address())
      case 8:
        return sockets.read(fd, this.#size())
      case 9:
      case 10:
        return sockets.write(fd, this.#size())
      case 11:
      case 12:
        return sockets.recvfrom(fd, this.#size(), this.#flag())
      case 13:
        return sockets.sendto(fd, this.#size(), this.#flag(), this.#pick([null, this.#address()]))
      case 14:
        return sockets.sendmsg(fd, { iov: [this.#size(), new Uint8Array(3)], name: null }, this.#flag())
      case 15:
        return sockets.recvmsg(fd, { iov: [this.#size(), new Uint8Array(3)] }, this.#flag())
      case 16:
        return sockets.shutdown(fd, this.#below(4))
      case 17:
        return sockets.close(fd)
      case 18:
        return sockets.poll([{ fd, events: this.#below(0x4000), revents: 0 }], this.#pick([0, 10, -1]))
      case 19:
        return sockets.fcntl(fd, this.#pick([0, 1, 2, 3, 4, 1030, 77]), this.#pick([0, 5, 0o4000]))
      case 20:
        return sockets.ioctl(fd, this.#pick([0x541b, 0x5411, 0x894b, 0x8905, 0x5421, 1]), this.#below(2))
      case 21:
        return sockets.getsockopt(fd, this.#pick(this.#levels), this.#below(50))
      case 22:
      case 23:
        return sockets.setsockopt(fd, this.#pick(this.#levels), this.#below(50), this.#value())
      case 24:
        return this.#below(2) === 0 ? sockets.getsockname(fd) : sockets.getpeername(fd)
      default:
        return this.#below(3) === 0
          ? sockets.epoll_create1()
          : sockets.epoll_ctl(fd, 1 + this.#below(3), this.#fd(), { events: this.#below(256), data: fd })
    }
  }
}

let established = 0
let received = 0

afterAll(() => {
  // The calls were not all in vain.
  expect(established).toBeGreaterThan(100)
  expect(received).toBeGreaterThan(1_000_000)
})

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'random calls on two hosts over a bad cable throw and reject SocketErrors and nothing else, and leave nothing: seed %i',
  async (seed) => {
    const clock = new VirtualClock()
    const [left, right] = createCable({ clock, latency: 1 })
    const bad = impair(left, { clock, latency: 3, loss: 0.05, duplicate: 0.02, reorder: 0.05, seed })
    const stacks = [bad, right].map((device, i) => {
      const random = new SeededRandom(seed + i)
      const stack = new Stack({ clock, random, conflictDetection: 'off', limits: { memory: 1 << 26 } })
      stack.addInterface(device, { addresses: [`10.0.0.${i + 1}/24`, `fd00::${i + 1}/64`] })
      return { stack, sockets: createSockets(stack, { maxDescriptors: 12 }), before: stack.memory.allocated }
    })
    const random = new SeededRandom(1000 + seed)
    const players = stacks.map(({ sockets }) => new Player(sockets, random, ['10.0.0.1', '10.0.0.2']))
    const faults: unknown[] = []
    const note = (error: unknown): void => {
      if (!(error instanceof SocketError) || error.syscall === '') faults.push(error)
    }
    for (let i = 0; i < 1500; i++) {
      try {
        const result = players[i % 2]?.step()
        if (result instanceof Promise) result.catch(note)
      } catch (error) {
        note(error)
      }
      if (i % 3 === 0) clock.advance(random.uint32() % 20)
      for (const { stack } of stacks) if (i % 50 === 0) stack.debugInvariants()
    }
    for (const { sockets } of stacks) sockets.closeAll()
    // Orphans with a shut window are asked for minutes whether it opens.
    clock.advance(1_200_000)
    await Promise.resolve()
    expect(faults).toEqual([])
    for (const { stack } of stacks) {
      established += stack.tcp.counters.established
      received += stack.tcp.counters.bytesIn
    }
    for (const { stack, sockets, before } of stacks) {
      stack.debugInvariants()
      expect(sockets.size).toBe(0)
      expect(stack.tcp.sizes).toEqual({ connections: 0, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
      expect(stack.udp.size).toBe(0)
      expect(stack.memory.allocated).toBeLessThanOrEqual(before)
      await stack.close()
    }
  },
)
