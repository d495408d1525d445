// The kernel's end of `bulk.ts`: told by its parent what to move, it answers how long that took, or why it failed.
import { connect } from 'node:net'
import type { Direction } from './bulk.ts'

const [, , host] = process.argv
const chunk = Buffer.alloc(65_536, 'x')
const tell = (news: number | string): void => {
  if (process.connected) process.send?.(news)
}

function move(direction: Direction, bytes: number): void {
  const began = performance.now()
  const toStack = direction === 'receiving'
  const socket = connect({ host, port: toStack ? 9 : 19, allowHalfOpen: true })
  let answer = ''
  let got = 0
  let left = toStack ? bytes : 0
  const pump = (): void => {
    while (left > 0) {
      const part = left >= chunk.length ? chunk : chunk.subarray(0, left)
      left -= part.length
      if (!socket.write(part)) return
    }
    if (toStack) socket.end()
  }
  socket.on('error', (error) => tell(error.message))
  socket.on('connect', () => {
    if (toStack) pump()
    else socket.write(`${bytes}\n`)
  })
  socket.on('drain', pump)
  socket.on('data', (data) => {
    got += data.length
    if (toStack) answer += data
  })
  socket.on('end', () => {
    const count = toStack ? Number(answer) : got
    socket.end()
    tell(count === bytes ? (performance.now() - began) / 1000 : `${count} of ${bytes} bytes arrived`)
  })
}

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
process.on('message', ({ direction, bytes }: { direction: Direction; bytes: number }) =>
  move(direction, bytes),
)
