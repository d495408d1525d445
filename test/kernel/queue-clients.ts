// Programs for `node -e` on the kernel's side.

/** Opens so many connections at once; each sends bytes of its own, gets them back, and ends. Prints what went wrong. */
export const echoClients = (host: string, count: number, bytes: number): string => `
  const net = require('net')
  const { createHash } = require('crypto')
  const sha = (b) => createHash('sha256').update(b).digest('hex')
  let left = ${count}
  let wrong = []
  for (let i = 0; i < ${count}; i++) {
    const sent = Buffer.alloc(${bytes})
    for (let j = 0; j < sent.length; j++) sent[j] = (i * 31 + j * 7 + (j >> 8)) & 255
    const chunks = []
    const socket = net.connect({ host: '${host}', port: 7 }, () => socket.end(sent))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', (error) => wrong.push(i + ' ' + error.code))
    socket.on('close', () => {
      if (sha(Buffer.concat(chunks)) !== sha(sent)) wrong.push(i + ' has other bytes')
      if (--left === 0) console.log(JSON.stringify({ wrong }))
    })
  }`

/**
 * A server on port 9007 of all addresses that says 'ready', waits for so many connections, then is silent for so long, and then asks each of them to echo.
 * Prints what went wrong.
 */
export const askingServer = (count: number, silence: number): string => `
  const sockets = []
  const wrong = []
  let left = ${count}
  const server = require('net').createServer((socket) => {
    socket.on('error', (error) => wrong.push(socket.remotePort + ' ' + error.code))
    sockets.push(socket)
    if (sockets.length === ${count}) setTimeout(ask, ${silence})
  })
  const finish = () => { if (--left === 0) { console.log(JSON.stringify({ wrong })); process.exit() } }
  function ask() {
    for (const socket of sockets) {
      const word = 'are you still there, ' + socket.remotePort + '?'
      socket.setTimeout(5000, () => { wrong.push(socket.remotePort + ' is silent'); finish() })
      let got = ''
      socket.on('data', (chunk) => { got += chunk; if (got === word) finish() })
      socket.on('close', () => { if (got !== word) { wrong.push(socket.remotePort + ' closed'); finish() } })
      socket.write(word)
    }
  }
  server.listen(9007, () => console.log('ready'))`

/** So many datagrams, each from a socket of its own; prints how many came back. */
export const datagrams = (host: string, count: number): string => `
  const { createSocket } = require('dgram')
  let back = 0
  let left = ${count}
  const over = () => { if (--left === 0) { console.log(JSON.stringify({ back })); process.exit() } }
  for (let i = 0; i < ${count}; i++) {
    const socket = createSocket('udp4')
    const timer = setTimeout(over, 3000)
    socket.on('message', (message) => {
      if (String(message) === 'datagram ' + i) back++
      clearTimeout(timer)
      over()
    })
    socket.send('datagram ' + i, 7, '${host}')
  }`

/** Connects, and prints what it gets: what is read to the end, or the error's code. */
export const read = (host: string, port: number): string => `
  let got = ''
  const socket = require('net').connect(${port}, '${host}')
  socket.on('data', (chunk) => { got += chunk })
  socket.on('error', (error) => { got = error.code })
  socket.on('close', () => console.log(got))`
