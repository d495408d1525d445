import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdirSync, stat, unlinkSync } from 'node:fs'
import { TapwireError } from '@tapwire/stack'
import { Errno, errnoName } from './errno.ts'
import { TapError, WITHOUT_PRIVILEGE } from './errors.ts'
import { readLink, setUp } from './host-config.ts'
import { libc, O_CLOEXEC, O_CREAT, O_EXCL, O_RDONLY } from './libc.ts'
import { withNetlink } from './netlink-socket.ts'
import { netnsPath } from './options.ts'

const CLONE_NEWNET = 0x40000000
const MS_BIND = 4096
const MNT_DETACH = 2
/** The *thread's* namespace: /proc/self would be the main thread's, and this may be a worker. */
const OWN_NETNS = '/proc/thread-self/ns/net'
const NETNS_DIRECTORY = '/run/netns'

/**
 * Runs `fn` inside a network namespace and comes back, whatever happens. Only what `fn` does before it returns is
 * inside: sockets that the kernel makes, children that are spawned. Node opens most of its own sockets later
 * (`net.connect`, and `listen` with a host name), so a client of the kernel's stack belongs in a child process.
 *
 * @param netns a name as in `ip netns`, a path, or what `createNetns` returned
 * @throws TapError ENOENT no such namespace, EPERM without CAP_SYS_ADMIN over both namespaces
 */
export function runInNetns<T>(netns: string | { readonly path: string }, fn: () => T): T {
  const path = netnsPath(netns)
  const c = libc()
  const target = c.open(path, O_RDONLY | O_CLOEXEC, 0)
  if (target < 0) throw unknownNamespace(path, c.errno())
  try {
    return fromHome(() => {
      if (c.setns(target, CLONE_NEWNET) < 0) throw cannotEnter(path, c.errno())
      return synchronous(fn())
    })
  } finally {
    c.close(target)
  }
}

/** A network namespace that this process made. */
export class Netns {
  /** Its name in /run/netns, or null for one that only this process holds. */
  readonly name: string | null
  #fd: number

  constructor(name: string | null, fd: number) {
    this.name = name
    this.#fd = fd
  }

  /**
   * Opens as this namespace, for every process that may look: `nsenter --net=<path>`.
   * @throws TapError ENOENT after `close()`: what the same path opens then may be another one
   */
  get path(): string {
    if (this.#fd < 0) throw closedNamespace(this.name)
    return this.name === null ? `/proc/${process.pid}/fd/${this.#fd}` : `${NETNS_DIRECTORY}/${this.name}`
  }

  /** As `runInNetns`. */
  run<T>(fn: () => T): T {
    return runInNetns(this, fn)
  }

  /** Starts a child process inside, as `child_process.spawn` does. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    return this.run(() => spawn(command, args, options))
  }

  /** Lets go of it; the kernel removes it when the last process inside has ended. Calling it again does nothing. */
  close(): void {
    if (this.#fd < 0) return
    libc().close(this.#fd)
    this.#fd = -1
    if (this.name !== null) deleteNetns(this.name)
  }
}

/**
 * Makes a network namespace with its loopback interface up. Without a name nothing of it is in the file system:
 * it ends with the process at the latest, even if that is killed. With a name it is bound to /run/netns/NAME, where
 * `ip netns exec NAME` finds it, and stays until `close()` or `deleteNetns(name)`.
 *
 * @throws TapError EPERM without CAP_SYS_ADMIN, EEXIST when the name is taken
 */
export function createNetns(name: string | null = null): Netns {
  const path = name === null ? null : netnsPath(name)
  const c = libc()
  const fd = fromHome(() => {
    if (c.unshare(CLONE_NEWNET) < 0) throw needsSysAdmin('make a network namespace', 'unshare', c.errno())
    withNetlink((socket) => {
      const lo = readLink(socket, 'lo')
      if (lo !== null) setUp(socket, lo.index, true)
    })
    if (path !== null) bindTo(path)
    return c.open(OWN_NETNS, O_RDONLY | O_CLOEXEC, 0)
  })
  if (fd < 0)
    throw new TapError(errnoName(c.errno()), 'The new network namespace could not be opened.', 'open')
  return new Netns(name, fd)
}

/** Removes /run/netns/NAME; the namespace itself ends with the last process and device in it. @throws TapError ENOENT */
export function deleteNetns(name: string): void {
  const path = netnsPath(name)
  const c = libc()
  if (c.umount2(path, MNT_DETACH) < 0 && c.errno() !== Errno.EINVAL) throw unknownNamespace(path, c.errno())
  unlinkSync(path)
}

function bindTo(path: string): void {
  const c = libc()
  mkdirSync(NETNS_DIRECTORY, { recursive: true, mode: 0o755 })
  const file = c.open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0)
  if (file < 0) {
    const errno = c.errno()
    if (errno !== Errno.EEXIST) throw needsSysAdmin(`create ${path}`, 'open', errno)
    throw new TapError(
      'EEXIST',
      `A network namespace is already bound to ${path}: choose another name.`,
      'open',
    )
  }
  c.close(file)
  if (c.mount(OWN_NETNS, path, 'none', MS_BIND, null) < 0) {
    const errno = c.errno()
    unlinkSync(path)
    throw needsSysAdmin(`bind the network namespace to ${path}`, 'mount', errno)
  }
}

/** Runs what may move this thread to another namespace, and brings the thread home. */
function fromHome<T>(fn: () => T): T {
  settleThreadPool()
  const c = libc()
  const home = c.open(OWN_NETNS, O_RDONLY | O_CLOEXEC, 0)
  if (home < 0) throw new TapError(errnoName(c.errno()), `${OWN_NETNS} cannot be opened.`, 'open')
  try {
    // Entering the namespace we are in changes nothing, and tells whether we shall be able to come back.
    if (c.setns(home, CLONE_NEWNET) < 0)
      throw needsSysAdmin('change between network namespaces', 'setns', c.errno())
    try {
      return fn()
    } finally {
      if (c.setns(home, CLONE_NEWNET) < 0) {
        // biome-ignore lint/correctness/noUnsafeFinally: in a foreign namespace whatever fn threw matters less
        throw new TapError(
          errnoName(c.errno()),
          'This thread could not return to its own network namespace.',
          'setns',
        )
      }
    }
  } finally {
    c.close(home)
  }
}

let threadPoolSettled = false

/**
 * Threads inherit their maker's namespace, and libuv starts its pool at the first use: were that inside, `fs` and
 * `dns` would live there for good. One request beforehand starts the whole pool at home.
 */
function settleThreadPool(): void {
  if (threadPoolSettled) return
  threadPoolSettled = true
  stat('/', () => {})
}

function synchronous<T>(result: T): T {
  if (typeof (result as { then?: unknown } | null)?.then === 'function') {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      'The function run in a network namespace must not be asynchronous: it would go on outside.',
    )
  }
  return result
}

function closedNamespace(name: string | null): TapError {
  const which = name === null ? 'This network namespace' : `The network namespace ${name}`
  return new TapError('ENOENT', `${which} has been closed: nothing can be started in it any more.`, 'open')
}

function unknownNamespace(path: string, errno: number): TapError {
  const code = errnoName(errno)
  if (errno !== Errno.ENOENT)
    return new TapError(code, `The network namespace ${path} cannot be opened: ${code}.`, 'open')
  return new TapError(
    code,
    `There is no network namespace ${path}: make it with createNetns() or \`ip netns add\`, or check its name.`,
    'open',
  )
}

function cannotEnter(path: string, errno: number): TapError {
  if (errno === Errno.EINVAL) return new TapError('EINVAL', `${path} is not a network namespace.`, 'setns')
  return needsSysAdmin(`enter the network namespace ${path}`, 'setns', errno)
}

function needsSysAdmin(what: string, syscall: string, errno: number): TapError {
  const code = errnoName(errno)
  const denied = errno === Errno.EPERM || errno === Errno.EACCES
  return new TapError(
    code,
    denied
      ? `No permission to ${what}: this needs the capability CAP_SYS_ADMIN. ${WITHOUT_PRIVILEGE}`
      : `Failed to ${what}: ${code}.`,
    syscall,
  )
}
