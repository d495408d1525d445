// The server over tapwire's TCP, on a TAP in the network namespace that this process was started in.
import { createNet } from '@tapwire/net-api'
import { impair, Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'
import { ADDRESSES, DEVICE } from './network.ts'
import { obey } from './process-end.ts'
import { receivedSoFar, serve } from './serve.ts'

const [offload, rtt] = [process.argv[2] === 'on', Number(process.argv[3])]
const tap = await openTap({ name: DEVICE, hostAddresses: [`${ADDRESSES.load}/24`], offload })
const stack = new Stack()
stack.addInterface(rtt > 0 ? impair(tap, { latency: rtt / 2 }) : tap, {
  addresses: [`${ADDRESSES.server}/24`],
})
await serve(createNet(stack))
obey({ received: receivedSoFar })
