// Runs on the stack of each queue.
import type { TapwireNet } from '@tapwire/net-api'
import type { Stack } from '@tapwire/stack'
import { serveContract } from '../contract-net.ts'

export default function (_: TapwireNet, stack: Stack): void {
  void serveContract(stack)
}
