import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { NO_KERNEL_TCP, watchKernelTcp } from './kernel-tcp.mjs'

/** Each test of the suite fails if this process has opened a TCP socket of the kernel. */
export function allowNoKernelTcp(): void {
  let watch: ReturnType<typeof watchKernelTcp>
  beforeAll(() => {
    watch = watchKernelTcp()
  })
  afterEach(() => expect(watch.count(), "TCP sockets of the kernel's").toEqual(NO_KERNEL_TCP))
  afterAll(() => watch.stop())
}
