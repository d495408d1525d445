// A CommonJS program that knows nothing of tapwire.
// biome-ignore lint/style/useNodejsImportProtocol: programs write it both ways
const net = require('net')
const http = require('node:http')
// biome-ignore lint/style/useNodejsImportProtocol: programs write it both ways
const { lookup } = require('dns/promises')
const isTcp = (name) => name.startsWith('TCP')

const server = net.createServer((socket) => socket.end('hello'))
server.listen(0, 'service', async () => {
  const { address, port } = server.address()
  const client = net.connect(port, 'service')
  client.setEncoding('utf8').on('data', (text) => console.log('said', text, 'at', address))
  await new Promise((resolve) => client.on('close', resolve))
  server.close()
  const web = http.createServer((request, response) => response.end(`from ${request.url}`)).listen(8080)
  http.get('http://127.0.0.1:8080/page', (response) => {
    response.setEncoding('utf8').on('data', (text) => console.log('page', text))
    response.on('end', async () => {
      console.log('fetched', await (await fetch('http://127.0.0.1:8080/fetched')).text())
      console.log('lookup', (await lookup('service')).address)
      console.log('kernel', process.getActiveResourcesInfo().filter(isTcp).length)
      web.close()
      web.closeAllConnections()
    })
  })
})
