/** A stack behind a TAP in a network namespace of its own, and a Node of the kernel's side that moves bytes to or from it. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Stack } from '@tapwire/stack'
import { createNetns, openTap } from '@tapwire/tap-driver'

export type Direction = 'receiving' | 'sending'
export type Api = 'net' | 'core'

const HOST = '10.77.0.1/24'
const STACK = '10.77.0.2'
const KERNEL_END = fileURLToPath(new URL('bulk-kernel-end.ts', import.meta.url))

export interface Bulk {
  readonly stack: Stack
  /** Moves so many bytes over one connection. @returns how long it took, in seconds, as the kernel's side saw it */
  move(direction: Direction, bytes: number): Promise<number>
  close(): Promise<void>
}

/** @throws TapError where the process may make neither namespaces nor devices */
export async function openBulk(api: Api, offload: boolean): Promise<Bulk> {
  const netns = createNetns()
  const stack = new Stack()
  let peer: ChildProcess | null = null
  const close = async (): Promise<void> => {
    peer?.kill()
    await stack.close()
    netns.close()
  }
  try {
    const tap = await openTap({ netns, hostAddresses: [HOST], offload })
    stack.addInterface(tap, { addresses: [`${STACK}/24`] })
    const contract = await (api === 'core' ? import('./contract-core.ts') : import('./contract-net.ts'))
    await contract.serveContract(stack)
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    peer = netns.spawn(process.execPath, ['--import', 'tsx', KERNEL_END, STACK], { stdio: [...stdio] })
  } catch (error) {
    await close()
    throw error
  }
  const child = peer
  const move = async (direction: Direction, bytes: number): Promise<number> => {
    const ended = once(child, 'exit').then(() => {
      throw new Error("the process of the kernel's side has ended")
    })
    child.send({ direction, bytes })
    const [seconds] = await Promise.race([once(child, 'message'), ended])
    if (typeof seconds !== 'number') throw new Error(String(seconds))
    return seconds
  }
  return { stack, move, close }
}
