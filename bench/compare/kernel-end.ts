// The server over the kernel's TCP, in the network namespace that this process was started in.
import * as net from 'node:net'
import { obey } from './process-end.ts'
import { receivedSoFar, serve } from './serve.ts'

await serve(net)
obey({ received: receivedSoFar })
