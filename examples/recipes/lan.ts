import { createDgram, createHttp } from '@tapwire/net-api'
import { createSwitch, Stack } from '@tapwire/stack'

const NAMES = ['alice', 'bob', 'carol', 'dave']
const addressOf = (name: string) => `10.1.0.${NAMES.indexOf(name) + 1}`
const hosts = Object.fromEntries(NAMES.map((name) => [name, addressOf(name)]))

// A switch in memory, and a host at each of its ports. All of them know each other's names.
const lan = createSwitch()
const stacks = NAMES.map((name) => {
  const stack = new Stack({ names: { hosts } })
  stack.addInterface(lan.port(), { addresses: [`${addressOf(name)}/24`] })
  return stack
})

// Everybody answers who asks for a printer, and one has one; it also serves a page.
for (const [i, stack] of stacks.entries()) {
  const socket = createDgram(stack).createSocket('udp4').bind(5353)
  socket.on('message', (_, { port, address }) => {
    if (NAMES[i] === 'carol') socket.send('carol', port, address)
  })
  createHttp(stack)
    .createServer((_, response) => response.end(`a page of ${NAMES[i]}\n`))
    .listen(80)
}

const [alice] = stacks
const asking = createDgram(alice).createSocket('udp4')
asking.bind(() => {
  asking.setBroadcast(true)
  asking.send('who has a printer?', 5353, '10.1.0.255')
})
asking.once('message', (name, { address }) => {
  console.log(`${name} at ${address}`) // prints: carol at 10.1.0.3
  createHttp(alice).get(`http://${name}/`, (response) => {
    response.pipe(process.stdout) // prints: a page of carol
    response.on('end', () => lan.close().then(() => process.exit()))
  })
})
