import { do_not_optimize } from 'mitata'
import { type IpAddress, parseAddress } from '../../packages/stack/src/index.ts'
import { type FourTuple, FourTupleTable } from '../../packages/stack/src/tcp/four-tuple-table.ts'
import type { Case } from './case.ts'

const CONNECTIONS = 1000

class Flow implements FourTuple<Flow> {
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly localPort = 80
  readonly remotePort: number
  hash = 0
  hashNext: Flow | null = null

  constructor(local: IpAddress, remote: IpAddress, remotePort: number) {
    this.local = local
    this.remote = remote
    this.remotePort = remotePort
  }
}

const local = parseAddress('10.0.0.2')!
const remote = parseAddress('10.0.0.1')!
const table = new FourTupleTable<Flow>(0x1234567, 0x7654321)
const map = new Map<string, Flow>()
const list: Flow[] = []
const keyOf = (port: number): string => `10.0.0.2:80-10.0.0.1:${port}`
for (let i = 0; i < CONNECTIONS; i++) {
  const flow = new Flow(local, remote, 40_000 + i)
  table.add(flow)
  map.set(keyOf(flow.remotePort), flow)
  list.push(flow)
}

let at = 0
/** Packets do not come in the order of the connections. */
const next = (): number => {
  at = (at + 389) % CONNECTIONS
  return 40_000 + at
}
const l = local
const r = remote

export const DEMUX: Case = {
  name: 'the connection of a segment, out of 1,000',
  ways: [
    {
      name: 'a keyed hash of integers',
      times: 1,
      run: () => do_not_optimize(table.find(l.a0, l.a1, l.a2, l.a3, r.a0, r.a1, r.a2, r.a3, 80, next())),
    },
    { name: 'a Map with a string for a key', times: 1, run: () => do_not_optimize(map.get(keyOf(next()))) },
    {
      name: 'looking through the list',
      times: 1,
      run: () => {
        const port = next()
        do_not_optimize(
          list.find((flow) => flow.remotePort === port && flow.remote === remote && flow.local === local),
        )
      },
    },
  ],
}
