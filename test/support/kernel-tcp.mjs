// Whether this process opens TCP sockets of the kernel. Plain JavaScript, so that any program can be watched with --import.
import { AsyncResource, createHook } from 'node:async_hooks'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What Node calls its TCP handles when it makes them, and while they are in use. */
const HANDLES = new Set(['TCPWRAP', 'TCPSERVERWRAP'])
const ACTIVE = /^TCP/

/**
 * @typedef {object} KernelTcp
 * @property {number} made handles that Node has made since the watch began, even if they are gone
 * @property {number} active Node's TCP handles and requests that are in use now
 * @property {number} descriptors file descriptors of this process that the kernel's tables of TCP know
 */

/** @type {KernelTcp} */
export const NO_KERNEL_TCP = { made: 0, active: 0, descriptors: 0 }

/** The inodes in a table of /proc/self/net; a kernel without IPv6 has no table of it. @param {string} table */
function inodesIn(table) {
  try {
    const lines = readFileSync(`/proc/self/net/${table}`, 'utf8').trim().split('\n').slice(1)
    return lines.map((line) => line.trim().split(/\s+/)[9])
  } catch {
    return []
  }
}

/** The inode of a socket's descriptor, or '' for all others. @param {string} descriptor */
function socketInode(descriptor) {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? ''
  } catch {
    return '' // Closed since the folder was read.
  }
}

function countDescriptors() {
  if (process.platform !== 'linux') return 0
  const known = new Set([...inodesIn('tcp'), ...inodesIn('tcp6')])
  return readdirSync('/proc/self/fd').filter((descriptor) => known.has(socketInode(descriptor))).length
}

/** Begins to watch. @returns {{ count(): KernelTcp, stop(): void }} */
export function watchKernelTcp() {
  let made = 0
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      // The asynchronous context of a stack's socket has the same type, so that tools know what it is.
      if (HANDLES.has(type) && !(resource instanceof AsyncResource)) made++
    },
  }).enable()
  return {
    count: () => ({
      made,
      active: process.getActiveResourcesInfo().filter((name) => ACTIVE.test(name)).length,
      descriptors: countDescriptors(),
    }),
    stop: () => {
      hook.disable()
    },
  }
}
