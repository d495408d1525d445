import { readFileSync, writeFileSync } from 'node:fs'
import type { CongestionName } from '../../src/index.ts'
import { EXCEPTIONS } from './matrix-bounds.ts'
import { ALGORITHMS, CELLS, type Cell } from './matrix-cells.ts'
import { model } from './matrix-models.ts'

const FILE = new URL('matrix.txt', import.meta.url)

const HEAD = `Goodput of one transfer through a bottleneck, in Mbit/s of payload, simulated; what theory says; the ratio of the two.

Bandwidth in Mbit/s, RTT in ms. Packets of 1,500 bytes, of 8,100 at 1,000 Mbit/s. Conditions:
  clean    no loss but that of a full queue, which holds one bandwidth-delay product (10 packets at least, 32 MB at most)
  bloat    a queue of one second, of a quarter of a second at 1,000 Mbit/s
  shallow  a queue of 0.15 bandwidth-delay products (4 packets at least)
  reorder  as clean; one packet in a hundred overtakes others by half a round trip
  n%       as clean; so many packets are lost at random on their way to the receiver

Cells without random loss take 5 s (bloat: 15 s) or a hundred round trips, whichever is more, but no more than 20 s at
1,000 Mbit/s; slow start is part of it. Cells with random loss take as long, and until 150,000 (0.1%), 40,000 (1%) or 20,000
(5%) segments have arrived: 126, 400 and 1,072 losses at least.

Models:
  n%       the link rate without headers, or the average window at that loss in each round trip, if that is less:
           newreno  sqrt(3/2p), Mathis et al. 1997, without the factor for delayed ACKs, as the window grows by bytes
           cubic    RFC 9438 section 5.1, 1.054 (RTT/p)^(3/4) segments, or what NewReno has if that is more
           bbr      slow start, then the link rate; times 1 - p
  others   a fluid that does slow start and congestion avoidance round trip by round trip; bbr: slow start, then the link rate

Random losses let both windows become larger than the regular ones that the response functions assume (NewReno: by 1.31 to
1.22), and CUBIC has at each moment the larger of two windows, not the larger average: that is why 0.1% is above its model.
At 5 % a window has four or five segments. The round trip in which a loss is repaired, which the response functions leave out,
counts for a fifth of the time then, and a few losses are found by a timeout.

A cell that falls by more than a twentieth (some of BBR’s by more, see below) fails its test, and so does one outside the bounds of matrix-bounds.ts. Which
packets are lost depends on the seed and on a packet's number alone, not on what the code does, so chance stays the same when
the code changes. Measured in 70 cells of NewReno and CUBIC: ten round-trip times that differ by up to 0.7 % (which moves every
event) have a standard deviation of 1.7 % in one cell and below 0.7 % in all others; ten seeds have 5 % at 0.1% loss, 2 % at 1%
and 5% loss, 8 % at 5% loss and 1 ms, where a few timeouts decide, and below 1 % without loss.`

const columns = (...texts: string[]): string =>
  texts.map((text, i) => (i === 0 ? text.padEnd(9) : text.padStart(10))).join('')

export const keyOf = ({ algorithm, bandwidth, rtt, condition }: Cell): string =>
  `${algorithm} ${bandwidth} ${rtt} ${condition}`

/** What is written down: Mbit/s by key, for one algorithm or all. */
export function read(only?: CongestionName): Map<string, number> {
  const cells = new Map<string, number>()
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    const [algorithm, bandwidth, rtt, condition, goodput, , ratio] = line.trim().split(/\s+/)
    // Rows are the lines with seven columns that end in a number; prose has none.
    if (ratio === undefined || !/^\d+$/.test(bandwidth) || !/^\d+$/.test(rtt)) continue
    if (only === undefined || only === algorithm)
      cells.set([algorithm, bandwidth, rtt, condition].join(' '), Number(goodput))
  }
  return cells
}

function row(cell: Cell, goodput: number): string {
  const theory = model(cell)
  const { algorithm, bandwidth, rtt, condition } = cell
  const numbers = [goodput.toFixed(2), theory.toFixed(2), (goodput / theory).toFixed(2)]
  return columns(algorithm, `${bandwidth}`, `${rtt}`, condition, ...numbers)
}

/** Puts what was measured in the place of what was written down; other cells stay as they are. */
export function write(measured: ReadonlyMap<string, number>): void {
  const cells = new Map([...read(), ...measured])
  const lines = [HEAD, '']
  for (const { where, why } of EXCEPTIONS) lines.push(`${where}: ${why}`, '')
  for (const algorithm of ALGORITHMS) {
    lines.push(columns('algorithm', 'bandwidth', 'RTT', 'condition', 'goodput', 'model', 'ratio'))
    for (const cell of CELLS.filter((c) => c.algorithm === algorithm)) {
      const goodput = cells.get(keyOf(cell))
      if (goodput !== undefined) lines.push(row(cell, goodput))
    }
    lines.push('')
  }
  writeFileSync(FILE, lines.join('\n'))
}
