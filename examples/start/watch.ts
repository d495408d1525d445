import { writeFileSync } from 'node:fs'
import {
  capture,
  createCable,
  packets,
  pcapng,
  requireAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpListener,
  VirtualClock,
} from '@tapwire/stack'

// Time that jumps from event to event, and random numbers from seeds: the same frames in every run.
const clock = new VirtualClock()
const [left, right] = createCable({ clock, medium: 'ip', latency: 10 })
const chunks: Uint8Array[] = []
const alice = new Stack({ clock, random: new SeededRandom(1) })
const bob = new Stack({ clock, random: new SeededRandom(2) })
alice.addInterface(
  capture(left, (chunk) => chunks.push(chunk), { clock }),
  { addresses: ['10.0.0.1/24'] },
)
bob.addInterface(right, { addresses: ['10.0.0.2/24'] })

// The stack's own API, which is what `net` stands on. Bob says good day and hangs up, and so does Alice.
const onConnection = (listener: TcpListener) => {
  const connection = listener.accept()
  connection?.write(new TextEncoder().encode('good day'))
  connection?.close()
}
const onReadable = (connection: TcpConnection) => {
  connection.consume(connection.readable)
  if (connection.ended) connection.close()
}
bob.tcp.listen({ port: 7 }, { onConnection })
alice.tcp.connect({ address: requireAddress('10.0.0.2'), port: 7 }, { onReadable })
clock.advance(1000)

// The capture, for Wireshark; and a line for each packet, without its options.
const file = Buffer.concat(chunks)
writeFileSync('hello.pcapng', file)
for (const { time, bytes } of pcapng.readPcapng(file)?.packets ?? []) {
  const milliseconds = String((time - clock.epoch) / 1000).padStart(3)
  console.log(`${milliseconds} ms  ${packets.describePacket(bytes).replace(/ <.*>/, '')}`)
}
