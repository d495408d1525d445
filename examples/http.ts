import { createHttp } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'

const http = createHttp(new Stack()) // what node:http exports

const server = http
  .createServer((request, response) => response.end(`you asked for ${request.url}\n`))
  .listen(80)
http.get('http://127.0.0.1/page', (response) => {
  response.pipe(process.stdout) // prints: you asked for /page
  response.on('end', () => server.close())
})
