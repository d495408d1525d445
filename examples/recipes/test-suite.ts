import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createNet, type TapwireNet } from '@tapwire/net-api'
import { createCable, impair, type LinkDevice, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'

/** The code under test takes the `net` that it is to use: one more parameter, or an import that a test replaces. */
async function ask(net: Pick<TapwireNet, 'connect'>, host: string, patience: number): Promise<string> {
  const socket: Socket = net.connect(7, host)
  socket.setTimeout(patience, () => socket.destroy(new Error('no answer')))
  socket.setEncoding('utf8').write('how are you?')
  const [answer] = await once(socket, 'data')
  socket.end()
  return String(answer)
}

/** Two hosts and a link between them, for one test alone: nothing of it is seen by another, or by the machine. */
function network(t: TestContext) {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock })
  const link = impair(left, { clock, seed: 1, latency: 20 })
  const stacks = [link, right].map((device: LinkDevice, i) => {
    const stack = new Stack({ clock, random: new SeededRandom(i) })
    stack.addInterface(device, { addresses: [`10.0.0.${i + 1}/24`] })
    return stack
  })
  const [client, server] = stacks.map((stack) => createNet(stack))
  const listening = server.createServer((socket) => {
    socket.once('data', () => socket.write('fine'))
    socket.on('error', () => {}) // what this test suite is not about
  })
  listening.listen(7)
  t.after(async () => {
    await clock.play(() => false, 600_000) // time for goodbyes
    for (const stack of stacks) await stack.close()
    await clock.play(() => false) // and for whoever hears of that
  })
  return { clock, link, client, server: listening }
}

/** Lets virtual time pass until it is known what becomes of the promise. */
async function settled<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let over = false
  const end = () => {
    over = true
  }
  promise.then(end, end)
  await clock.play(() => over)
  return promise
}

test('the answer comes after three round trips', async (t) => {
  const { clock, client } = network(t)
  assert.equal(await settled(clock, ask(client, '10.0.0.2', 10_000)), 'fine')
  assert.equal(Math.round(clock.now() / 1000), 120) // 40 ms each: ARP, the handshake, the question
})

test('half of all frames are lost, and the answer comes all the same', async (t) => {
  const { clock, link, client } = network(t)
  link.set({ loss: 0.5 })
  assert.equal(await settled(clock, ask(client, '10.0.0.2', 600_000)), 'fine')
})

test('a server that is cut off is given up after a minute, which takes no time', async (t) => {
  const { clock, link, client, server } = network(t)
  server.once('connection', () => link.set({ loss: 1 }))
  await assert.rejects(settled(clock, ask(client, '10.0.0.2', 60_000)), /no answer/)
  assert.equal(Math.round(clock.now() / 60_000_000), 1)
})
