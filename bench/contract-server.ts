// A server of the benchmark's contract (README.md): echo on 7, discard on 9, chargen on 19, behind a TAP that exists already.
import { parseArgs } from 'node:util'
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'

const HELP = `node --import tsx bench/contract-server.ts --tap NAME --address CIDR [--offload on|off] [--gro on|off] [--api net|core] [--warm on|off]

  --tap NAME       the TAP to attach to; the kernel's side of it is left as it is, but for --gro
  --address CIDR   the stack's own address, e.g. 10.77.0.2/24
  --offload        on (default): 64 KiB super-frames, and checksums left to the kernel; off: 1,500-byte frames
  --gro            on (default): without offloads, what is sent in bulk is merged by the kernel; off: it is not
  --api            net (default): createNet(stack), as users have it; core: the stack's own connections, without streams
  --warm           on (default): makes 3,000 connections to itself first (warmUp), so that V8 has compiled them when the load begins
  --help`

const { values } = parseArgs({
  options: {
    tap: { type: 'string' },
    address: { type: 'string' },
    offload: { type: 'string', default: 'on' },
    gro: { type: 'string', default: 'on' },
    api: { type: 'string', default: 'net' },
    warm: { type: 'string', default: 'on' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { tap, address, offload, gro, api, warm } = values
const right = [offload, gro, warm].every((value) => /^(on|off)$/.test(value)) && /^(net|core)$/.test(api)
if (values.help || tap === undefined || address === undefined || !right) {
  console.log(HELP)
  process.exit(values.help ? 0 : 2)
}

process.once('SIGTERM', () => process.exit())
const stack = new Stack()
stack.addInterface(
  await openTap({ name: tap, offload: offload === 'on', gro: offload === 'off' && gro === 'on' }),
  { addresses: [address] },
)
const contract = api === 'core' ? import('./contract-core.ts') : import('./contract-net.ts')
await (await contract).serveContract(stack, warm === 'on')
