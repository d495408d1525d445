import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CongestionName } from '../../src/index.ts'
import { Netsim } from './netsim.ts'

/*
 * Goodput of one transfer over many kinds of network, against what is written down in `matrix.txt`. A cell that falls by more
 * than a twentieth fails; one that rises may be written down with `MATRIX=write npx vitest run
 * packages/stack/test/tcp/matrix.test.ts`, which makes the file anew.
 */

const FILE = new URL('matrix.txt', import.meta.url)
const ALGORITHMS: readonly CongestionName[] = ['cubic', 'newreno']
const RTTS = [1, 10, 50, 100]
/** Of the bandwidth-delay product. */
const QUEUES = [0.2, 1]
const LOSSES = [0, 0.1, 1, 3]

const BANDWIDTH = 50e6
const SEGMENT = 1448
/** Each cell runs until so much has arrived, so that random losses average out, but no longer than so many seconds. */
const ENOUGH = 40_000 * SEGMENT
const LONGEST = 400

interface Cell {
  readonly algorithm: CongestionName
  readonly rtt: number
  readonly queue: number
  readonly loss: number
}

const CELLS: readonly Cell[] = ALGORITHMS.flatMap((algorithm) =>
  RTTS.flatMap((rtt) => QUEUES.flatMap((queue) => LOSSES.map((loss) => ({ algorithm, rtt, queue, loss })))),
)

/** @returns Mbit/s of payload */
function measure({ algorithm, rtt, queue, loss }: Cell): number {
  const product = (BANDWIDTH / 8) * (rtt / 1000)
  const sim = new Netsim({
    bandwidth: BANDWIDTH,
    rtt,
    // Room for a few segments in any case.
    queue: Math.round(Math.max(9000, product * queue)),
    loss: loss / 100,
    seed: 5,
  })
  const flow = sim.add({ congestion: algorithm })
  let seconds = 0
  while (flow.received < ENOUGH && seconds < LONGEST) {
    sim.run(1)
    seconds++
  }
  return (flow.received * 8) / seconds / 1e6
}

/** Link rate, or Reno's response function sqrt(3/2p) where that is less. */
function model({ rtt, loss }: Cell): number {
  const link = (BANDWIDTH / 1e6) * (SEGMENT / 1500)
  if (loss === 0) return link
  return Math.min(link, (Math.sqrt(1.5 / (loss / 100)) * SEGMENT * 8) / (rtt / 1000) / 1e6)
}

const keyOf = ({ algorithm, rtt, queue, loss }: Cell): string => `${algorithm} ${rtt} ${queue} ${loss}`

function read(): Map<string, number> {
  const cells = new Map<string, number>()
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    const [algorithm, rtt, queue, loss, goodput] = line.trim().split(/\s+/)
    if (ALGORITHMS.includes(algorithm as CongestionName))
      cells.set([algorithm, rtt, queue, loss].join(' '), Number(goodput))
  }
  return cells
}

function write(measured: ReadonlyMap<string, number>): void {
  const lines = CELLS.map((cell) => {
    const { algorithm, rtt, queue, loss } = cell
    const goodput = (measured.get(keyOf(cell)) as number).toFixed(2)
    return [
      algorithm.padEnd(9),
      `${rtt}`.padStart(6),
      `${queue}`.padStart(6),
      `${loss}`.padStart(6),
      goodput.padStart(9),
      model(cell).toFixed(2).padStart(8),
    ].join(' ')
  })
  const head = [
    'Goodput of one transfer through a bottleneck of 50 Mbit/s, in Mbit/s of payload.',
    'RTT in ms; queue in bandwidth-delay products, six segments at least; loss in percent, random.',
    'Model: the link rate, or what sqrt(3/2p) gives for Reno if that is less.',
    '',
    'algorithm    RTT  queue   loss   goodput   model',
  ]
  writeFileSync(FILE, `${[...head, ...lines].join('\n')}\n`)
}

if (process.env.MATRIX === 'write') {
  it('the matrix is written anew', { timeout: 600_000 }, () => {
    write(new Map(CELLS.map((cell) => [keyOf(cell), measure(cell)])))
  })
} else {
  const expected = read()
  describe.each(ALGORITHMS)('goodput, %s', (algorithm) => {
    it.each(CELLS.filter((cell) => cell.algorithm === algorithm))(
      'RTT $rtt ms, queue $queue, loss $loss %',
      (cell) => {
        const before = expected.get(keyOf(cell))
        expect(before, 'a line of matrix.txt').toBeDefined()
        expect(measure(cell)).toBeGreaterThanOrEqual(0.95 * (before as number))
      },
    )
  })
}
