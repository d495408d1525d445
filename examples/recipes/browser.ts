import { connectStreams, listenStreams } from '@tapwire/net-api/web'
import { createCable, impair, requireAddress, Stack } from '@tapwire/stack'

/** What the page shows. */
function print(line: string): void {
  document.body.append(Object.assign(document.createElement('p'), { textContent: line }))
}

// Two hosts in the page, on a cable that loses every tenth frame. Nothing of it leaves the page.
const [left, right] = createCable()
const server = new Stack()
const client = new Stack()
server.addInterface(right, { addresses: ['10.0.0.2/24'] })
client.addInterface(impair(left, { loss: 0.1, seed: 3 }), { addresses: ['10.0.0.1/24'] })

const { connections } = listenStreams(server.tcp, { port: 7 })
const echo = async () => {
  for await (const { readable, writable } of connections) readable.pipeTo(writable)
}
echo()

const { readable, writable, connection } = await connectStreams(client.tcp, {
  address: requireAddress('10.0.0.2'),
  port: 7,
})
const writer = writable.getWriter()
writer.write(new TextEncoder().encode('there and back'))
writer.close()
print(await new Response(readable).text()) // prints: there and back
print(`${connection.remotePort}`) // prints: 7
