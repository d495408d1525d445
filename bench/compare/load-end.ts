// The load on the kernel's side, in the network namespace that this process was started in.
import { load, receivedSoFar, stop } from './load.ts'
import { obey } from './process-end.ts'

obey({ received: receivedSoFar, load, stop })
