import { libc, O_CLOEXEC, O_RDWR } from './libc.ts'

const FSOPEN_CLOEXEC = 1
const FSCONFIG_CMD_CREATE = 6
const FSMOUNT_CLOEXEC = 1

/**
 * Opens a file of an interface in sysfs, for reading and writing. /sys shows the interfaces of the network namespace in which it was
 * mounted, which need not be this thread's: so sysfs is mounted anew, for this thread's namespace, where no path leads (Linux 5.2).
 *
 * @returns its fd; -1 where that is not possible or not allowed (CAP_SYS_ADMIN)
 */
export function openInterfaceFile(name: string, file: string): number {
  const c = libc()
  const root = mountSysfs()
  if (root < 0) return -1
  const fd = c.openat(root, `class/net/${name}/${file}`, O_RDWR | O_CLOEXEC, 0)
  c.close(root)
  return fd
}

function mountSysfs(): number {
  const { fsopen, fsconfig, fsmount, close } = libc()
  if (fsopen === null || fsconfig === null || fsmount === null) return -1
  const context = fsopen('sysfs', FSOPEN_CLOEXEC)
  if (context < 0) return -1
  const made = fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0) === 0
  const root = made ? fsmount(context, FSMOUNT_CLOEXEC, 0) : -1
  close(context)
  return root
}
