import { addressBytes, Door, ipPacket } from '@tapwire/fuzz'
import { packets, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'

// A stack with one door. What stands outside of it is this program, and nothing else.
const door = new Door('ip', null)
const stack = new Stack({ clock: new VirtualClock(), random: new SeededRandom(1) })
stack.addInterface(door, { addresses: ['10.0.0.2/24'] })
stack.tcp.listen({ port: 7 }, { onConnection: (listener) => void listener.accept() })

const PORTS = { sourcePort: 4000, destinationPort: 7 }
let answered = 0
let isn = 0
door.onSent = (bytes) => {
  const { tcp } = packets.decodePacket(bytes)
  if (tcp === undefined) return
  if ((tcp.flags & 0x02) !== 0) isn = tcp.seq
  answered++
}

/** Any segment, exactly as it is given. @returns whether it was answered */
function send(tcp: Partial<packets.TcpFields>): boolean {
  const before = answered
  const source = addressBytes('10.0.0.1')
  door.deliver(ipPacket(source, addressBytes('10.0.0.2'), { tcp: { ...PORTS, ...tcp } }))
  door.endBurst()
  return answered > before
}

send({ flags: 0x02, seq: 1000 })
send({ flags: 0x10, seq: 1001, ack: isn + 1 })
console.log('connections:', stack.tcp.sizes.connections) // prints: connections: 1

// A blind attacker guesses a sequence number inside the window: RFC 5961 has it challenged, and the connection goes on.
const challenged = send({ flags: 0x04, seq: 2000 })
console.log(challenged, stack.tcp.sizes.connections) // prints: true 1

// Who knows the number ends it.
send({ flags: 0x04, seq: 1001 })
console.log('connections:', stack.tcp.sizes.connections) // prints: connections: 0
