import { createNet } from '@tapwire/net-api'
import { createCable, impair, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import fc from 'fast-check'

/** The code under test: a server that says each line backwards. */
function reverser(net: ReturnType<typeof createNet>) {
  return net.createServer((socket) => {
    let begun = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (begun + text).split('\n')
      begun = lines.pop() ?? ''
      for (const line of lines) socket.write(`${[...line].reverse().join('')}\n`)
    })
  })
}

/** Says `pieces` to it over a link that loses, repeats and overtakes. @returns what came back */
async function converse(pieces: readonly string[], loss: number, seed: number): Promise<string> {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, medium: 'ip' })
  const link = impair(left, { clock, seed, latency: 20, loss, duplicate: 0.1, reorder: 0.2 })
  const [near, far] = [link, right].map((device, i) => {
    const stack = new Stack({ clock, random: new SeededRandom(seed + i) })
    stack.addInterface(device, { addresses: [`10.0.0.${i + 1}/24`] })
    return stack
  })
  const server = reverser(createNet(far)).listen(7)
  const socket = createNet(near).connect(7, '10.0.0.2').setEncoding('utf8')
  let answer = ''
  socket.on('data', (text: string) => {
    answer += text
  })
  for (const piece of pieces) socket.write(piece)
  socket.end()
  let over = false
  socket.on('close', () => {
    over = true
  })
  await clock.play(() => over)
  server.close()
  for (const stack of [near, far]) stack.debugInvariants() // and the stacks themselves are whole
  await clock.play(() => false, 300_000)
  return answer
}

// However a text is cut into pieces and whatever the network does, all lines come back, in order.
const pieces = fc.array(fc.stringMatching(/^[a-z\n]{0,30}$/), { maxLength: 8 })
await fc.assert(
  fc.asyncProperty(pieces, fc.constantFrom(0, 0.05, 0.2), fc.nat(), async (said, loss, seed) => {
    const lines = said.join('').split('\n').slice(0, -1)
    const expected = lines.map((line) => `${[...line].reverse().join('')}\n`).join('')
    return (await converse(said, loss, seed)) === expected
  }),
  { numRuns: 50, seed: 1 },
)
console.log('fifty conversations, each complete') // prints: fifty conversations, each complete
