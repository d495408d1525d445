/**
 * What can go wrong with a device, as a code to test for. The message is one sentence that says what to do.
 *
 * - `ENOTSUP` not Linux, not a 64-bit little-endian machine, or the native binding cannot be loaded
 * - `ENODEV` the kernel has no TUN/TAP (`/dev/net/tun` is missing)
 * - `EACCES`, `EPERM` not enough privilege to open, configure or enter a namespace
 * - `EBUSY` the interface name is in use
 * - `EEXIST` the name belongs to something else
 * - `ENOENT` no such network namespace or interface
 * - `EINVAL` the kernel refused a setting
 * - anything else: the errno name of the system call that failed
 */
export class TapError extends Error {
  override readonly name = 'TapError'
  readonly code: string
  /** The system call that failed, where there was one. */
  readonly syscall: string | undefined
  constructor(code: string, message: string, syscall?: string) {
    super(message)
    this.code = code
    this.syscall = syscall
  }
}

/** What a program without privileges can do instead, appended to every refusal of the kernel. */
export const WITHOUT_PRIVILEGE =
  'Without privileges, use an in-memory network (createCable() from @tapwire/stack), or start the program under `unshare -Urn`, which gives it a network namespace of its own.'
