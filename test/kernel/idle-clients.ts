// A client on the kernel's side that opens many connections and then does nothing. Started with the port, how many, and
// the host; says 'ready' when it is there, and 'open' when all connections are.
import { connect, type Socket } from 'node:net'

const [port, count, host] = process.argv.slice(2)
/** Handshakes at once: fewer than the server's accept queue holds. */
const AT_ONCE = 100
const sockets: Socket[] = []
let left = Number(count)
let open = 0

function next(): void {
  if (left-- <= 0) return
  const socket = connect({ port: Number(port), host })
  sockets.push(socket)
  socket.once('connect', () => {
    open++
    if (open === Number(count)) process.send?.('open')
    next()
  })
  socket.once('error', (error) => {
    console.error(error)
    process.exit(1)
  })
}

process.once('message', () => {
  for (let i = 0; i < AT_ONCE; i++) next()
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
