import { createHttp } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'

const tap = await openTap({ name: 'tap0', hostAddresses: ['10.77.0.1/24', 'fd77::1/64'] })
const stack = new Stack()
stack.addInterface(tap, { addresses: ['10.77.0.2/24', 'fd77::2/64'], gateway: '10.77.0.1' })

const server = createHttp(stack).createServer((request, response) => {
  const { accepted, retransmitted } = stack.tcp.counters
  response.setHeader('content-type', 'application/json')
  response.end(`${JSON.stringify({ path: request.url, accepted, retransmitted })}\n`)
})
server.listen(80, () => console.log(`http://10.77.0.2 and http://[fd77::2], by ${tap.name}`))

// The interface went away by itself: somebody deleted it.
tap.on('close', (error: Error | null) => {
  if (error !== null) console.error(`tap0: ${error.message}`)
})

// What was begun is answered, then the stack closes, and the interface with it.
async function end() {
  server.closeIdleConnections()
  await new Promise((resolve) => server.close(resolve))
  await stack.close()
}
process.once('SIGTERM', end)
process.once('SIGINT', end)
