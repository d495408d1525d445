// The kernel's end of held connections (held.ts): told a port and a number, opens so many, says when all are there, and stays.
import { once } from 'node:events'
import { connect } from 'node:net'

const AT_ONCE = 64
const [host, port, connections] = process.argv.slice(2)

let left = Number(connections)

/** One after the other; each has sent a byte and got it back. */
async function open(): Promise<void> {
  while (left-- > 0) {
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    socket.write('x')
    await once(socket, 'data')
    socket.on('error', () => {})
  }
}

process.on('disconnect', () => process.exit())
await Promise.all(Array.from({ length: AT_ONCE }, open))
process.send?.('held')
