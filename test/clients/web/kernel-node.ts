// Node's own servers and clients on the kernel's side. It says that it is ready, then answers each task with a report, and
// ends with whoever started it.
import * as http from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import { Agent } from 'undici'
import { cert, key } from '../../../packages/net-api/test/support/certificate.ts'
import { startWeb } from './app.ts'
import {
  CONNECTIONS,
  exerciseAgent,
  exerciseFetch,
  exerciseHttp2,
  type WebReport,
  type WebTask,
} from './tasks.ts'

async function run({ client, origin }: WebTask): Promise<WebReport> {
  if (client === 'http2') return exerciseHttp2(http2, origin, { ca: cert })
  if (client === 'http' || client === 'https')
    return exerciseAgent(client === 'http' ? http : https, origin, { ca: cert })
  const allowH2 = client === 'fetch over HTTP/2'
  const dispatcher = new Agent({ connections: CONNECTIONS, allowH2, connect: { ca: cert } })
  const report = await exerciseFetch(origin, dispatcher)
  await dispatcher.close()
  return report
}

process.on('disconnect', () => process.exit())
process.on('message', (task: WebTask) => {
  run(task).then(
    (report) => process.send?.({ report }),
    (error: Error) => process.send?.({ error: `${error.stack} ${error.cause ?? ''}` }),
  )
})
await startWeb({ http, https, http2 }, { key, cert })
process.send?.('ready')
