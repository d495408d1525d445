import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  type ControlMessage,
  type EpollEvent,
  FIONBIO,
  type MessageHeader,
  type OptionValue,
  type PollFd,
  type Received,
  type Result,
  type SocketAddress,
  type Sockets,
} from '@tapwire/sockets'
import type { Expression, StructField } from '../language/ast.ts'
import { ANY, type Arguments, isNull } from './arguments.ts'
import { constant } from './constants.ts'
import type { RunSettings } from './settings.ts'

/** A call that has been made: what it gives, and how that is read. */
export interface Made {
  readonly result: Result<unknown>
  /** What C's call would return. */
  number(value: unknown): number
  /** It returns a descriptor: the script's name for it is what it expects. */
  readonly descriptor?: boolean
  /** What the call wrote to its arguments that is not as the script says. */
  outputs?(value: unknown): string[]
}

export interface CallContext {
  readonly sockets: Sockets
  readonly settings: RunSettings
  /** The live descriptor behind a script's. */
  fd(script: number): number
}

type Call = (args: Arguments, context: CallContext) => Made

const asNumber = (value: unknown): number => value as number
const plain = (result: Result<number>): Made => ({ result, number: asNumber })
const descriptor = (result: Result<number>): Made => ({ result, number: asNumber, descriptor: true })

const fdAt = (args: Arguments, context: CallContext, index = 0): number => context.fd(args.number(index))

function family(settings: RunSettings): number {
  return settings.ipVersion === 'ipv4' ? AF_INET : AF_INET6
}

/** What `...` is in `connect` and `sendto`. */
function remote(settings: RunSettings): SocketAddress {
  const prefix = settings.ipVersion === 'ipv4-mapped-ipv6' ? '::ffff:' : ''
  return {
    family: family(settings),
    address: prefix + settings.remoteAddress,
    port: settings.connectPort,
  }
}

/** What `...` is in `bind`. */
function anyAddress(settings: RunSettings): SocketAddress {
  const address = settings.ipVersion === 'ipv4' ? '0.0.0.0' : '::'
  return { family: family(settings), address, port: settings.bindPort }
}

function target(args: Arguments, index: number, settings: RunSettings): SocketAddress {
  const address = args.address(index)
  return address === ANY ? remote(settings) : address
}

/** The message of sendmsg and recvmsg. */
function message(
  args: Arguments,
  settings: RunSettings,
): { header: MessageHeader; fields: readonly StructField[] } {
  const [fields] = args.structs(1)
  const name = args.field(fields, 'msg_name')
  const vectors = args.field(fields, 'msg_iov')
  const address = name === undefined || isNull(name) ? null : args.addressOf(name)
  return {
    fields,
    header: {
      name: address === ANY ? remote(settings) : address,
      iov: vectors === undefined ? [] : args.vectors(vectors),
    },
  }
}

/** Flags and control messages that came with what was received. */
function receivedOutputs(args: Arguments, fields: readonly StructField[], header: MessageHeader): string[] {
  const problems: string[] = []
  const flags = args.field(fields, 'msg_flags')
  if (flags !== undefined && flags.kind !== 'ellipsis' && args.numberOf(flags) !== (header.flags ?? 0)) {
    problems.push(`msg_flags: expected ${args.numberOf(flags)}, was ${header.flags ?? 0}`)
  }
  const control = args.field(fields, 'msg_control')
  if (control === undefined || control.kind === 'ellipsis') return problems
  const expected = args.structsOf(control)
  const actual = header.control ?? []
  if (expected.length !== actual.length) {
    return [...problems, `msg_control: expected ${expected.length} messages, were ${actual.length}`]
  }
  return [...problems, ...expected.flatMap((item, i) => controlOutputs(args, item, actual[i]))]
}

/** The fields of a control message by the names that C gives them. */
function controlOutputs(args: Arguments, expected: readonly StructField[], actual: ControlMessage): string[] {
  const { level, type, data } = actual
  return expected.flatMap(({ name, value }) => {
    if (value.kind === 'ellipsis' || name === 'cmsg_len') return []
    if (name === 'cmsg_level') return valueOutputs(name, args.numberOf(value), level)
    if (name === 'cmsg_type') return valueOutputs(name, args.numberOf(value), type)
    if (value.kind !== 'struct') return valueOutputs(name, args.numberOf(value), data)
    const record = data as unknown as Readonly<Record<string, unknown>>
    return value.fields.flatMap(({ name: field, value: wanted }) =>
      wanted.kind === 'ellipsis'
        ? []
        : valueOutputs(field, args.numberOf(wanted), record[field.replace(/^ee_/, '')]),
    )
  })
}

function optionValue(args: Arguments, expression: Expression): OptionValue {
  if (expression.kind === 'string') return expression.value
  if (expression.kind === 'list' && expression.items.length === 1)
    return optionValue(args, expression.items[0])
  if (expression.kind !== 'struct') return args.numberOf(expression)
  const number = (name: string, position: number): number => {
    const field = args.field(expression.fields, name, position)
    return field === undefined ? 0 : args.numberOf(field)
  }
  if (args.field(expression.fields, 'tv_sec') !== undefined) {
    return { sec: number('tv_sec', 0), usec: number('tv_usec', 1) }
  }
  return { onoff: number('onoff', 0), linger: number('linger', 1) }
}

/** Compares what getsockopt gave with the script's value, field by field of a structure. */
function optionOutputs(args: Arguments, expected: Expression, actual: unknown): string[] {
  if (expected.kind === 'ellipsis') return []
  if (expected.kind === 'list' && expected.items.length === 1)
    return optionOutputs(args, expected.items[0], actual)
  if (expected.kind === 'struct') {
    const record = actual as Readonly<Record<string, unknown>>
    const aliases: Readonly<Record<string, string>> = { tv_sec: 'sec', tv_usec: 'usec' }
    return expected.fields.flatMap(({ name, value }) => {
      const field = aliases[name] ?? name
      return value.kind === 'ellipsis' || field === ''
        ? []
        : valueOutputs(name, args.numberOf(value), record[field])
    })
  }
  const wanted = expected.kind === 'string' ? expected.value : args.numberOf(expected)
  return valueOutputs('the option', wanted, actual)
}

function valueOutputs(what: string, expected: number | string, actual: unknown): string[] {
  return expected === actual ? [] : [`${what}: expected ${expected}, was ${String(actual)}`]
}

function pollFds(args: Arguments, context: CallContext): { fds: PollFd[]; wanted: (number | null)[] } {
  const wanted: (number | null)[] = []
  const fds = args.structs(0).map((fields) => {
    const fd = args.field(fields, 'fd', 0)
    const events = args.field(fields, 'events', 1)
    const revents = args.field(fields, 'revents', 2)
    if (fd === undefined) args.fail('an entry of poll needs an fd')
    wanted.push(revents === undefined || revents.kind === 'ellipsis' ? null : args.numberOf(revents))
    return {
      fd: context.fd(args.numberOf(fd)),
      events: events === undefined ? 0 : args.numberOf(events),
      revents: 0,
    }
  })
  return { fds, wanted }
}

/** The names of poll bits, for messages. */
function bitNames(bits: number, prefix: string): string {
  const names = ['IN', 'PRI', 'OUT', 'ERR', 'HUP', 'NVAL', 'RDNORM', 'RDBAND', 'WRNORM', 'WRBAND', 'RDHUP']
  const set = names.filter((name) => ((constant(prefix + name) ?? 0) & bits) !== 0)
  return set.length === 0 ? String(bits) : set.map((name) => prefix + name).join('|')
}

function epollEvent(args: Arguments, fields: readonly StructField[]): EpollEvent {
  const events = args.field(fields, 'events', 0)
  const data = ['fd', 'ptr', 'u32', 'u64', 'data']
    .map((name) => args.field(fields, name))
    .find((value) => value !== undefined)
  return {
    events: events === undefined ? 0 : args.numberOf(events),
    data: data === undefined || data.kind === 'ellipsis' ? 0 : args.numberOf(data),
  }
}

/** What `read` into a buffer of the script is checked against: nothing, or the string that stands there. */
function contentCheck(
  args: Arguments,
  index: number,
  length: number,
): { into: Uint8Array | number; check: (n: number) => string[] } {
  const expression = args.at(index)
  if (expression.kind !== 'string') return { into: args.bytesOf(expression, length), check: () => [] }
  const into = new Uint8Array(length)
  const wanted = args.bytesOf(expression, length) as Uint8Array
  return {
    into,
    check: (count) => {
      const at = into.subarray(0, count).findIndex((byte, i) => byte !== wanted[i])
      return at < 0 ? [] : [`byte ${at} of what was read: expected ${wanted[at]}, was ${into[at]}`]
    },
  }
}

function receiving(args: Arguments, perform: (into: Uint8Array | number) => Result<number | Received>): Made {
  const { into, check } = contentCheck(args, 1, args.number(2))
  const number = (value: unknown): number => (typeof value === 'number' ? value : (value as Received).length)
  return { result: perform(into), number, outputs: (value) => check(number(value)) }
}

const FOREIGN_OPTIONS = new Set(['SO_NOSIGPIPE', 'TCP_FUNCTION_BLK', 'TCP_LOG', 'TCP_LOGID', 'TCP_LOGDUMP'])

function isForeign(expression: Expression): boolean {
  return expression.kind === 'name' && FOREIGN_OPTIONS.has(expression.name)
}

/** The calls that scripts can make, by name. */
export const CALLS: Readonly<Record<string, Call>> = {
  socket: (args, { sockets, settings }) =>
    descriptor(sockets.socket(args.numberOr(0, family(settings)), args.number(1), args.numberOr(2, 0))),
  bind: (args, context) => {
    const address = args.address(1)
    return plain(
      context.sockets.bind(fdAt(args, context), address === ANY ? anyAddress(context.settings) : address),
    )
  },
  listen: (args, context) => plain(context.sockets.listen(fdAt(args, context), args.number(1))),
  accept: (args, context) => descriptor(context.sockets.accept(fdAt(args, context))),
  accept4: (args, context) => descriptor(context.sockets.accept4(fdAt(args, context), args.numberOr(3, 0))),
  connect: (args, context) => {
    const address = target(args, 1, context.settings)
    const unspecified = address.family === AF_UNSPEC ? { ...address, address: '0.0.0.0' } : address
    return plain(context.sockets.connect(fdAt(args, context), unspecified))
  },
  read: (args, context) => receiving(args, (into) => context.sockets.read(fdAt(args, context), into)),
  recv: (args, context) =>
    receiving(args, (into) => context.sockets.recv(fdAt(args, context), into, args.numberOr(3, 0))),
  recvfrom: (args, context) =>
    receiving(args, (into) => context.sockets.recvfrom(fdAt(args, context), into, args.numberOr(3, 0))),
  readv: (args, context) => plain(context.sockets.readv(fdAt(args, context), args.vectors(args.at(1)))),
  recvmsg: (args, context) => {
    const { header, fields } = message(args, context.settings)
    const result = context.sockets.recvmsg(fdAt(args, context), header, args.numberOr(2, 0))
    return { ...plain(result), outputs: () => receivedOutputs(args, fields, header) }
  },
  write: (args, context) => plain(context.sockets.write(fdAt(args, context), args.bytes(1, args.number(2)))),
  send: (args, context) =>
    plain(context.sockets.send(fdAt(args, context), args.bytes(1, args.number(2)), args.numberOr(3, 0))),
  sendto: (args, context) => {
    const named = args.count > 4 && !isNull(args.at(4))
    const to = named ? target(args, 4, context.settings) : null
    const bytes = args.bytes(1, args.number(2))
    return plain(context.sockets.sendto(fdAt(args, context), bytes, args.numberOr(3, 0), to))
  },
  writev: (args, context) => plain(context.sockets.writev(fdAt(args, context), args.vectors(args.at(1)))),
  sendmsg: (args, context) =>
    plain(
      context.sockets.sendmsg(
        fdAt(args, context),
        message(args, context.settings).header,
        args.numberOr(2, 0),
      ),
    ),
  shutdown: (args, context) => plain(context.sockets.shutdown(fdAt(args, context), args.number(1))),
  close: (args, context) => plain(context.sockets.close(fdAt(args, context))),
  dup: (args, context) => descriptor(context.sockets.dup(fdAt(args, context))),
  fcntl: (args, context) =>
    plain(context.sockets.fcntl(fdAt(args, context), args.number(1), args.numberOr(2, 0))),
  ioctl: (args, context) => {
    const request = args.number(1)
    const argument = args.count > 2 ? args.at(2) : null
    return {
      result: context.sockets.ioctl(fdAt(args, context), request, args.numberOr(2, 0)),
      number: () => 0,
      // FIONBIO reads its argument, the others write it.
      outputs: (value) =>
        argument?.kind !== 'list' || request === FIONBIO
          ? []
          : valueOutputs('the value', args.numberOf(argument), value),
    }
  },
  getsockopt: (args, context) => ({
    result: context.sockets.getsockopt(fdAt(args, context), args.number(1), args.number(2)) as never,
    number: () => 0,
    outputs: (value) => optionOutputs(args, args.at(3), value),
  }),
  setsockopt: (args, context) => {
    // What only FreeBSD has says how its kernel is to go about it, or what it is to write to its logs.
    if (isForeign(args.at(2))) return plain(0)
    return plain(
      context.sockets.setsockopt(
        fdAt(args, context),
        args.number(1),
        args.number(2),
        optionValue(args, args.at(3)),
      ),
    )
  },
  getsockname: (args, context) => nameCall(args, context.sockets.getsockname(fdAt(args, context))),
  getpeername: (args, context) => nameCall(args, context.sockets.getpeername(fdAt(args, context))),
  poll: (args, context) => {
    const { fds, wanted } = pollFds(args, context)
    return {
      ...plain(context.sockets.poll(fds, args.number(2))),
      outputs: () =>
        fds.flatMap(({ revents }, i) => {
          const bits = wanted[i]
          if (bits === null || bits === revents) return []
          return [`revents: expected ${bitNames(bits, 'POLL')}, was ${bitNames(revents, 'POLL')}`]
        }),
    }
  },
  epoll_create: (_, { sockets }) => descriptor(sockets.epoll_create1(0)),
  epoll_create1: (args, { sockets }) => descriptor(sockets.epoll_create1(args.numberOr(0, 0))),
  epoll_ctl: (args, context) => {
    const event = args.count > 3 && !isNull(args.at(3)) ? epollEvent(args, args.structs(3)[0]) : undefined
    const { sockets } = context
    return plain(sockets.epoll_ctl(fdAt(args, context), args.number(1), fdAt(args, context, 2), event))
  },
  epoll_wait: (args, context) => ({
    result: context.sockets.epoll_wait(fdAt(args, context), args.number(2), args.number(3)),
    number: (value) => (value as EpollEvent[]).length,
    outputs: (value) => epollOutputs(args, value as EpollEvent[]),
  }),
}

function nameCall(args: Arguments, address: SocketAddress): Made {
  return {
    result: 0,
    number: asNumber,
    outputs: () => {
      const wanted = args.address(1)
      if (wanted === ANY) return []
      const text = (of: SocketAddress): string => `${of.address}:${of.port}`
      return valueOutputs('the address', text(wanted), text(address))
    },
  }
}

function epollOutputs(args: Arguments, events: readonly EpollEvent[]): string[] {
  const expected = args.at(1)
  if (expected.kind === 'ellipsis') return []
  return args.structsOf(expected).flatMap((fields, i) => {
    const wanted = epollEvent(args, fields)
    const actual = events[i]
    if (actual === undefined || wanted.events === actual.events) return []
    return [`events: expected ${bitNames(wanted.events, 'EPOLL')}, was ${bitNames(actual.events, 'EPOLL')}`]
  })
}
