// One end of the measured connections in tapwire, on a TAP in the network namespace that this process was started in.
import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'
import { GATEWAYS, SERVERS, TAP } from './network.ts'
import { Peer } from './peer.ts'

// Without offloads: a super-frame would be one packet to netem.
const tap = await openTap({
  name: TAP,
  hostAddresses: [`${GATEWAYS.tapwire}/24`],
  offload: false,
})
const stack = new Stack({ tcp: { congestion: 'cubic' } })
stack.addInterface(tap, { addresses: [`${SERVERS.tapwire}/24`], gateway: GATEWAYS.tapwire })
new Peer({ net: createNet(stack), counters: () => ({ ...stack.tcp.counters }) }).start()
