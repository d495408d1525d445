import { createHttp } from '@tapwire/net-api'
import { createCable, impair, Stack } from '@tapwire/stack'

const [left, right] = createCable()
const [near, far] = [new Stack(), new Stack()]
near.addInterface(impair(left, { latency: 20, bandwidth: 50e6 }), { addresses: ['10.0.0.1/24'] })
far.addInterface(right, { addresses: ['10.0.0.2/24'] })

const server = createHttp(far)
  .createServer((request, response) => {
    if (request.method !== 'POST') response.end('something to read\n')
    else request.on('end', () => response.end(`${request.headers['content-length']} bytes taken\n`)).resume()
  })
  .listen(80)

// The agent keeps the connection for the next request, and is told so.
const http = createHttp(near)
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
http.get({ agent, host: '10.0.0.2' }, (response) => {
  response.pipe(process.stdout, { end: false }) // prints: something to read
  response.on('end', () => {
    const headers = { 'content-length': 1_000_000 }
    const post = http.request({ agent, method: 'POST', host: '10.0.0.2', headers }, (answer) => {
      answer.pipe(process.stdout) // prints: 1000000 bytes taken
      answer.on('end', () => {
        console.log(`${far.tcp.counters.accepted} connection`) // prints: 1 connection
        agent.destroy()
        server.close()
      })
    })
    post.end(Buffer.alloc(1_000_000))
  })
})
