import { createHttp } from '@tapwire/net-api'
import { createDispatcher } from '@tapwire/net-api/fetch'
import { createCable, impair, Stack } from '@tapwire/stack'

const [left, right] = createCable()
const far = new Stack()
far.addInterface(right, { addresses: ['10.0.0.2/24'] })
const near = new Stack({ names: { hosts: { 'api.test': '10.0.0.2' } } })
near.addInterface(impair(left, { loss: 0.1, seed: 1 }), { addresses: ['10.0.0.1/24'] })

const server = createHttp(far)
  .createServer((request, response) => response.end(JSON.stringify({ path: request.url })))
  .listen(80)

// Every `fetch` of a library that takes a dispatcher goes over the stack; `setGlobalDispatcher` of undici does it for all.
const dispatcher = createDispatcher(near)
const options: object = { dispatcher } // which the DOM's types do not know
const answers = await Promise.all(
  [1, 2, 3].map(async (n) => (await fetch(`http://api.test/${n}`, options)).json()),
)
console.log(JSON.stringify(answers)) // prints: [{"path":"/1"},{"path":"/2"},{"path":"/3"}]
await dispatcher.close()
server.close()
