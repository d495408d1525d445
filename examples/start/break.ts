import {
  createCable,
  impair,
  requireAddress,
  SeededRandom,
  Stack,
  traceEvents,
  VirtualClock,
} from '@tapwire/stack'

const clock = new VirtualClock()
const [left, right] = createCable({ clock, medium: 'ip' })
// The link loses the first segment with data, and nothing else; each frame takes 10 ms.
const link = impair(left, { clock, latency: 10, script: [{ nth: 1, match: 'data', do: 'drop' }] })

const alice = new Stack({
  clock,
  random: new SeededRandom(1),
  // The stack tells what it decides, and why.
  trace: traceEvents((event) => {
    if (event.kind === 'state') tell(event.time, `${event.from} to ${event.to}`)
    if (event.kind === 'segmentOut' && event.length > 0) tell(event.time, `${event.length} bytes leave`)
    if (event.kind === 'rtt') tell(event.time, `a round trip took ${event.sample} ms, SRTT ${event.srtt} ms`)
    if (event.kind === 'tailProbe') tell(event.time, 'no answer: a tail loss probe')
  }),
})
alice.addInterface(link, { addresses: ['10.0.0.1/24'] })
const bob = new Stack({ clock, random: new SeededRandom(2) })
bob.addInterface(right, { addresses: ['10.0.0.2/24'] })
bob.tcp.listen({ port: 7 }, { onConnection: (listener) => void listener.accept() })

const connection = alice.tcp.connect(
  { address: requireAddress('10.0.0.2'), port: 7 },
  { onConnect: (it) => void it.write(new Uint8Array(100)) },
)
clock.advance(5000)
const { state, retransmits, rto } = connection.info()
console.log(state, { retransmits, rto })

function tell(time: number, what: string): void {
  console.log(`${time.toFixed(1).padStart(6)} ms  ${what}`)
}
