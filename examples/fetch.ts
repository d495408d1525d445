import { createHttp } from '@tapwire/net-api'
import { createDispatcher } from '@tapwire/net-api/fetch'
import { Stack } from '@tapwire/stack'

const stack = new Stack()
const server = createHttp(stack)
  .createServer((_, response) => response.end('fetched'))
  .listen(80)

const options: object = { dispatcher: createDispatcher(stack) } // which the DOM's types do not know
const response = await fetch('http://127.0.0.1/', options)
console.log(await response.text()) // prints: fetched
server.close()
