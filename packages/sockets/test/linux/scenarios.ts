import { SeededRandom } from '@tapwire/stack'
import type { Step } from './replay.ts'

const SOL_TCP = 6
const MSG_OOB = 1
const MSG_PEEK = 2
const MSG_TRUNC = 0x20
const MSG_MORE = 0x8000
const MSG_WAITALL = 0x100

/** Random calls on a handful of sockets, more often sensible ones: a listener, clients, accepted ones, and UDP now and then. */
export function randomScenario(seed: number): Step[] {
  const random = new SeededRandom(seed)
  const below = (n: number): number => random.uint32() % n
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T
  const steps: Step[] = []
  const streams = ['l', 'c', 'd', 's', 't']
  steps.push(['tcp', 'l'], ['set', 'l', 1, 2, 1], ['bind', 'l', 0])
  if (below(8) > 0) steps.push(['listen', 'l', pick([1, 2, 5])])
  steps.push(['tcp', 'c'])
  if (below(6) > 0) steps.push(['connect', 'c', 0])
  if (below(4) > 0) steps.push(['accept', 'l', 's'])
  const length = 6 + below(20)
  for (let i = 0; i < length; i++) steps.push(randomStep(below, pick, streams))
  for (const name of streams)
    steps.push(['poll', name], ['state', name], ['error', name], ['recv', name, 100, 0])
  return steps
}

type Pick = <T>(choices: readonly T[]) => T

function randomStep(below: (n: number) => number, pick: Pick, streams: readonly string[]): Step {
  const name = pick(['c', 's', 'c', 's', 'c', 's', 'l', 'd', 't', 'u'])
  if (name === 'u') return udpStep(below, pick)
  const roll = below(100)
  if (roll < 16) return ['send', name, pick([0, 1, 10, 1000]), pick([0, 0, 0, MSG_MORE])]
  if (roll < 34)
    return ['recv', name, pick([1, 5, 100, 5000]), pick([0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_WAITALL])]
  if (roll < 50) return ['poll', name]
  if (roll < 57) return ['shutdown', name, below(3)]
  if (roll < 62) return ['error', name]
  if (roll < 66) return ['close', name]
  if (roll < 69) return ['tcp', pick(['d', 'c'])]
  if (roll < 76) return ['connect', pick(['c', 'd', 'd', name]), pick([0, 0, 0, 1])]
  if (roll < 81) return ['accept', pick(['l', 'l', 'l', name]), pick(['s', 't'])]
  if (roll < 83) return ['listen', name, pick([1, 3])]
  if (roll < 85) return ['bind', name, pick([0, 1, 2])]
  if (roll < 87) return ['linger', name, 0]
  if (roll < 90) return ['inq', name]
  if (roll < 93) return ['state', name]
  if (roll < 95) return [pick(['peer', 'named']), pick(streams)]
  if (roll < 96) return ['disconnect', name]
  if (roll < 98) return ['send', name, pick([1, 3]), MSG_OOB]
  if (roll < 99) return ['recv', name, pick([1, 3]), MSG_OOB]
  return ['set', name, SOL_TCP, 1, below(2)]
}

function udpStep(below: (n: number) => number, pick: Pick): Step {
  switch (below(9)) {
    case 0:
      return ['udp', 'u']
    case 1:
      return ['udp', 'v']
    case 2:
      return ['bind', pick(['u', 'v']), pick([3, 4])]
    case 3:
      return ['connect', pick(['u', 'v']), pick([3, 4])]
    case 4:
      return ['send', pick(['u', 'v']), pick([0, 5, 70_000]), 0]
    case 5:
      return ['sendto', pick(['u', 'v']), 7, pick([3, 4])]
    case 6:
      return ['recv', pick(['u', 'v']), pick([3, 100]), pick([0, MSG_PEEK, MSG_TRUNC])]
    case 7:
      return ['poll', pick(['u', 'v'])]
    default:
      return pick<Step>([
        ['shutdown', 'u', below(3)],
        ['error', 'u'],
        ['inq', 'v'],
        ['close', 'u'],
        ['disconnect', 'v'],
        ['peer', 'u'],
        ['named', 'v'],
        ['listen', 'u', 1],
        ['accept', 'u', 't'],
      ])
  }
}
