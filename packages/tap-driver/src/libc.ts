import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import type koffiModule from 'koffi'
import { TapError } from './errors.ts'

/** Status 0, or a negative errno when the fd itself is broken (POLLERR); then there are no more calls. */
export type PollCallback = (status: number, events: PollInterest) => void

/** An fd in the event loop. After `close()` nothing else may be called. */
export interface PollHandle {
  start(interest: PollInterest, callback: PollCallback): void
  close(): void
}

export interface PollInterest {
  readable: boolean
  writable: boolean
}

/**
 * The C library, bound once per thread. Calls return -1 on failure, `errno()` then tells why.
 *
 * Memory is passed to the hot calls as a plain number: user-space addresses stay below 2^47, a double holds them
 * exactly. Measured for a 1-byte `read` of /dev/zero (Node 20, ns per call, the system call included): number 266,
 * BigInt 267, `base + BigInt(offset)` 272, Uint8Array 291, so a number is the cheapest, and it allocates nothing.
 */
export interface Libc {
  errno(): number
  /** Where the bytes of `buffer` are. A fixed-length ArrayBuffer never moves while it is referenced. */
  addressOf(buffer: ArrayBuffer): number
  open(path: string, flags: number, mode: number): number
  openat(directory: number, path: string, flags: number, mode: number): number
  close(fd: number): number
  read(fd: number, address: number, length: number): number
  write(fd: number, address: number, length: number): number
  writev(fd: number, iovecs: number, count: number): number
  ioctl(fd: number, request: number, argument: Uint8Array): number
  /** As `ioctl`, for requests whose argument is a value. */
  ioctlValue(fd: number, request: number, value: number): number
  socket(domain: number, type: number, protocol: number): number
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number
  setns(fd: number, type: number): number
  unshare(flags: number): number
  mount(source: string, target: string, type: string, flags: number, data: null): number
  umount2(target: string, flags: number): number
  sched_setscheduler(pid: number, policy: number, parameters: Uint8Array): number
  /** These three: null before glibc 2.36. */
  readonly fsopen: ((type: string, flags: number) => number) | null
  readonly fsconfig:
    | ((context: number, command: number, key: null, value: null, argument: number) => number)
    | null
  readonly fsmount: ((context: number, flags: number, attributes: number) => number) | null
  /** Watches an fd. The callback's exceptions would be held back by the binding: see `TapDevice`. */
  poll(fd: number, interest: PollInterest, callback: PollCallback): PollHandle
}

export const O_RDONLY = 0
export const O_RDWR = 2
export const O_CREAT = 0o100
export const O_EXCL = 0o200
export const O_NONBLOCK = 0o4000
export const O_CLOEXEC = 0o2000000

let bound: Libc | null = null

/** The C library; loaded at the first call, so that importing this package works everywhere. @throws TapError ENOTSUP */
export function libc(): Libc {
  bound ??= bind()
  return bound
}

function bind(): Libc {
  if (process.platform !== 'linux') {
    throw new TapError(
      'ENOTSUP',
      `TAP and TUN devices need Linux, and this is ${process.platform}. Use an in-memory network (createCable() from @tapwire/stack) or a device of another package (fromTuntap2()).`,
    )
  }
  const koffi = loadKoffi()
  if (koffi.sizeof('void *') !== 8 || endianness() !== 'LE') {
    throw new TapError(
      'ENOTSUP',
      `The TAP driver runs on 64-bit little-endian machines, not on ${process.arch}.`,
    )
  }
  const library = koffi.load(null)
  return {
    errno: koffi.errno as () => number,
    addressOf: (buffer) => Number(koffi.address(buffer)),
    open: library.func('int open(const char *path, int flags, unsigned int mode)'),
    openat: library.func('int openat(int directory, const char *path, int flags, unsigned int mode)'),
    close: library.func('int close(int fd)'),
    read: library.func('long read(int fd, size_t address, size_t length)'),
    write: library.func('long write(int fd, size_t address, size_t length)'),
    writev: library.func('long writev(int fd, size_t iovecs, int count)'),
    // A typed array given for 'void *' is passed by its address: the kernel's answer is in it afterwards.
    ioctl: library.func('int ioctl(int fd, unsigned long request, void *argument)'),
    ioctlValue: library.func('int ioctl(int fd, unsigned long request, unsigned long value)'),
    socket: library.func('int socket(int domain, int type, int protocol)'),
    send: library.func('long send(int fd, const void *bytes, size_t length, int flags)'),
    recv: library.func('long recv(int fd, void *bytes, size_t length, int flags)'),
    setns: library.func('int setns(int fd, int type)'),
    unshare: library.func('int unshare(int flags)'),
    mount: library.func(
      'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
    ),
    umount2: library.func('int umount2(const char *target, int flags)'),
    sched_setscheduler: library.func('int sched_setscheduler(int pid, int policy, const void *parameters)'),
    fsopen: newer(library, 'int fsopen(const char *type, unsigned int flags)'),
    fsconfig: newer(
      library,
      'int fsconfig(int context, unsigned int command, const char *key, const void *value, int argument)',
    ),
    fsmount: newer(library, 'int fsmount(int context, unsigned int flags, unsigned int attributes)'),
    // The binding's types say that the callback gets the events; it really gets (status, events).
    poll: (fd, interest, callback) =>
      koffi.node.poll(fd, interest, callback as unknown as () => void) as unknown as PollHandle,
  }
}

/** A function that not every C library has. */
function newer<T>(library: ReturnType<typeof koffiModule.load>, definition: string): T | null {
  try {
    return library.func(definition) as T
  } catch {
    return null
  }
}

function loadKoffi(): typeof koffiModule {
  try {
    return createRequire(import.meta.url)('koffi') as typeof koffiModule
  } catch (cause) {
    const error = new TapError(
      'ENOTSUP',
      `The native binding 'koffi' cannot be loaded on ${process.platform} ${process.arch}: ${(cause as Error).message}`,
    )
    error.cause = cause
    throw error
  }
}
