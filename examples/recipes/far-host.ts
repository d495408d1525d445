import { workerData } from 'node:worker_threads'
import { createHttp } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { PortLink } from './port-link.ts'

const stack = new Stack()
stack.addInterface(new PortLink(workerData), { addresses: ['10.0.0.2/24'] })
createHttp(stack)
  .createServer((_, response) => response.end('from another thread\n'))
  .listen(80)
