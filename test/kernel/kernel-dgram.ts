// UDP on the kernel's side: echoes, hears broadcasts and groups, and says what it is told to. Ends with its parent.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const GROUPS = { udp4: ['239.3.3.3', '10.77.0.1'], udp6: ['ff02::3:3', '::%tap0'] } as const

const sockets = { udp4: createSocket('udp4'), udp6: createSocket({ type: 'udp6', ipv6Only: true }) }
for (const [type, socket] of Object.entries(sockets)) {
  socket.bind(7)
  await once(socket, 'listening')
  const [group, iface] = GROUPS[type as keyof typeof GROUPS]
  socket.addMembership(group, iface)
  socket.setMulticastInterface(iface)
  if (type === 'udp4') socket.setBroadcast(true)
  socket.on('message', (bytes, from) => {
    process.send?.({ heard: bytes.length > 100 ? bytes.length : String(bytes), from: from.address })
    socket.send(bytes, from.port, from.address)
  })
}
process.on(
  'message',
  async (order: {
    type: keyof typeof sockets
    text: string
    port: number
    host: string
    connect?: boolean
  }) => {
    if (!order.connect) {
      sockets[order.type].send(order.text, order.port, order.host)
      return
    }
    const socket = createSocket(order.type)
    socket.on('error', (error) => process.send?.({ error: (error as NodeJS.ErrnoException).code }))
    socket.connect(order.port, order.host, () => socket.send(order.text))
  },
)
process.send?.({ ready: true })
process.on('disconnect', () => process.exit())
