import type { FlowSettings } from '../scenario.ts'
import type { Flow } from './flows.ts'
import { floodSyn } from './forge.ts'
import type { World } from './world.ts'

type Of<App extends FlowSettings['app']> = Extract<FlowSettings, { app: App }>

/** Gives the two applications of a flow their orders. */
export function behave(flow: Flow, world: World): void {
  const { settings } = flow
  const { A, B } = flow.ends
  switch (settings.app) {
    case 'bulk': {
      const [sender, receiver] = settings.from === 'A' ? [A, B] : [B, A]
      sender.onOpen = () => sender.write(settings.bytes)
      sender.finish()
      receiver.onEnd = () => receiver.finish()
      return
    }
    case 'requests':
      requests(flow, settings, world)
      return
    case 'typing':
      typing(flow, settings, world)
      return
    case 'slowReader':
      slowReader(flow, settings)
      return
    case 'halfClose':
      A.write(settings.bytes)
      A.finish()
      B.onEnd = () => {
        B.write(settings.answer)
        B.finish()
      }
      return
    case 'simultaneousOpen':
      for (const end of [A, B]) {
        end.write(settings.bytes)
        end.finish()
      }
      return
    case 'vanish':
      A.write(settings.bytes)
      world.at(settings.at, () => world.kill(settings.who))
      if (settings.back !== undefined) world.at(settings.back, () => world.revive(settings.who))
      return
    case 'synFlood':
      synFlood(flow, settings, world)
      return
    case 'idle':
  }
}

/** A closes when it has all answers, and B then. */
function requests(flow: Flow, settings: Of<'requests'>, world: World): void {
  const { request, pieces = 1, response, times, pause } = settings
  const { A, B } = flow.ends
  let asked = 0
  let answered = 0
  const ask = (): void => {
    asked++
    for (let i = 0; i < pieces; i++) {
      A.write(Math.floor(((i + 1) * request) / pieces) - Math.floor((i * request) / pieces))
    }
  }
  A.onOpen = ask
  B.onRead = () => {
    while (answered < times && B.received >= (answered + 1) * request) {
      answered++
      B.write(response)
    }
  }
  A.onRead = () => {
    if (A.received < asked * response) return
    if (asked >= times) A.finish()
    else if (pause === 0) ask()
    else flow.at(world.time + pause, 'A', ask)
  }
  B.onEnd = () => B.finish()
}

/** From the moment at which the connection stands. */
function typing(flow: Flow, { bytes, times, pause }: Of<'typing'>, world: World): void {
  const { A, B } = flow.ends
  const type = (count: number): void => {
    A.write(bytes)
    if (count + 1 >= times) A.finish()
    else flow.at(world.time + pause, 'A', () => type(count + 1))
  }
  A.onOpen = () => type(0)
  B.onEnd = () => B.finish()
}

function slowReader(flow: Flow, { bytes, read, every, readFrom }: Of<'slowReader'>): void {
  const { A, B } = flow.ends
  A.write(bytes)
  A.finish()
  B.appetite = 0
  const takeSome = (time: number): void => {
    B.appetite = read
    B.read()
    B.appetite = 0
    if (!B.ended) flow.at(time + every, 'B', () => takeSome(time + every))
  }
  const from = flow.start + readFrom
  flow.at(from, 'B', () => takeSome(from))
  B.onEnd = () => B.finish()
}

/** Milliseconds between two of its SYNs. */
const FLOOD_INTERVAL = 1

/** The flood begins with the flow, and A's own connection comes in the middle of it: a short request. */
function synFlood(flow: Flow, { syns }: Of<'synFlood'>, world: World): void {
  const { A, B } = flow.ends
  for (let i = 0; i < syns; i++) {
    world.at(flow.start + i * FLOOD_INTERVAL, () => world.forge('A→B', floodSyn(world, flow.index, i)))
  }
  A.onOpen = () => A.write(100)
  B.onRead = () => {
    if (B.received < 100) return
    B.write(1000)
    B.finish()
  }
  A.onEnd = () => A.finish()
}
