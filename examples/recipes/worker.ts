import { MessageChannel, Worker } from 'node:worker_threads'
import { createHttp } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { PortLink } from './port-link.ts'

// The server has a thread to itself; what joins it to this one is a pair of ports.
const { port1, port2 } = new MessageChannel()
const worker = new Worker(new URL('far-host.mjs', import.meta.url), {
  workerData: port2,
  transferList: [port2],
})

const stack = new Stack()
stack.addInterface(new PortLink(port1), { addresses: ['10.0.0.1/24'] })
createHttp(stack).get('http://10.0.0.2/', (response) => {
  response.pipe(process.stdout) // prints: from another thread
  response.on('end', async () => {
    await stack.close()
    await worker.terminate()
  })
})
