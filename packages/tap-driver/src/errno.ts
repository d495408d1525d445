import { constants } from 'node:os'

/** The errno values this driver acts on. `EBADFD` is not among Node's constants; 77 on every platform with prebuilt koffi. */
export const Errno = {
  EPERM: constants.errno.EPERM,
  ENOENT: constants.errno.ENOENT,
  EINTR: constants.errno.EINTR,
  EIO: constants.errno.EIO,
  ENXIO: constants.errno.ENXIO,
  E2BIG: constants.errno.E2BIG,
  EBADF: constants.errno.EBADF,
  EAGAIN: constants.errno.EAGAIN,
  ENOMEM: constants.errno.ENOMEM,
  EACCES: constants.errno.EACCES,
  EBUSY: constants.errno.EBUSY,
  EEXIST: constants.errno.EEXIST,
  ENODEV: constants.errno.ENODEV,
  EINVAL: constants.errno.EINVAL,
  EBADFD: 77,
  ENOBUFS: constants.errno.ENOBUFS,
} as const

/** 'EPERM' for 1; 'errno 200' for what has no name here. */
export function errnoName(value: number): string {
  if (value === Errno.EBADFD) return 'EBADFD'
  for (const [name, number] of Object.entries(constants.errno)) if (number === value) return name
  return `errno ${value}`
}
