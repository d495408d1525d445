import { libc } from './libc.ts'
import { runInNetns } from './netns.ts'
import { type CheckedOptions, checkOptions, formatMac, type TapOptions } from './options.ts'
import { TapDevice } from './tap-device.ts'
import { clearOffloads, type OpenTun, openTun } from './tun-fd.ts'

/** One queue of an interface: what `openTapQueue` makes a device of, in whichever thread of this process it is sent to. */
export interface TapQueue {
  /** From 0. */
  readonly index: number
  readonly medium: 'ethernet' | 'ip'
  readonly mac: Uint8Array | null
  /** @internal */
  readonly tun: OpenTun
}

/**
 * The queues of one multi-queue TAP interface (IFF_MULTI_QUEUE), one fd each. The kernel spreads flows over them by a hash of
 * addresses and ports, and sends a flow to the queue that last sent for it, for three seconds after that. The fds stay this
 * object's: a device that is made of a queue can end, or crash with its thread, and the queue is closed here.
 */
export class TapQueues {
  /** The interface's name on the kernel's side. */
  readonly name: string
  /** The interface's index on the kernel's side, in its namespace. */
  readonly hostIndex: number
  /** The link-layer address of the kernel's end. */
  readonly hostMac: string
  readonly mtu: number
  readonly queues: readonly TapQueue[]
  readonly #open: Set<number>

  /** @internal `openTapQueues` makes it. */
  constructor(options: CheckedOptions, tuns: readonly OpenTun[]) {
    const [{ name, host }] = tuns as [OpenTun]
    this.name = name
    this.hostIndex = host.index
    this.hostMac = formatMac(host.mac)
    this.mtu = host.mtu
    this.queues = tuns.map((tun, index) => ({
      index,
      medium: options.medium,
      mac: options.mac,
      tun: { ...tun, borrowed: true },
    }))
    this.#open = new Set(tuns.keys())
  }

  /**
   * Closes one queue, when no device uses it any more: the kernel spreads its flows over the others, and the last one takes
   * the interface with it. Calling it again does nothing.
   */
  closeQueue(index: number): void {
    if (!this.#open.delete(index)) return
    const { fd, persistent } = (this.queues[index] as TapQueue).tun
    if (persistent && this.#open.size === 0) clearOffloads(fd)
    libc().close(fd)
  }

  /** Closes all that are open. */
  close(): void {
    for (const { index } of this.queues) this.closeQueue(index)
  }
}

/**
 * Opens a multi-queue TAP interface with `options.queues` queues, 1 to 256, all of them in this thread.
 * @throws as `openTap`; nothing is left open then
 */
export async function openTapQueues(options: TapOptions & { readonly queues: number }): Promise<TapQueues> {
  const first = { ...checkOptions('ethernet', options), multiQueue: true, gro: false }
  const { queues } = options
  const tuns: OpenTun[] = []
  const open = (): void => {
    tuns.push(openTun(first))
    const more = {
      ...first,
      name: (tuns[0] as OpenTun).name,
      mtu: null,
      hostAddresses: [],
      queueLength: null,
    }
    while (tuns.length < queues) tuns.push(openTun(more))
  }
  try {
    if (first.netns === null) open()
    else runInNetns(first.netns, open)
  } catch (error) {
    for (const { fd } of tuns) libc().close(fd)
    throw error
  }
  return new TapQueues(first, tuns)
}

/**
 * The device of a queue, as `openTap` gives one; in a worker thread, the queue is sent there as data. One device a queue.
 * Closing it ends the device and leaves the queue open: that is its `TapQueues`' to close.
 */
export function openTapQueue(queue: TapQueue): TapDevice {
  return new TapDevice({ medium: queue.medium, mac: queue.mac }, queue.tun)
}
