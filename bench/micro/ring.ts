import { Memory } from '../../packages/stack/src/core/memory.ts'
import { ByteRing } from '../../packages/stack/src/tcp/byte-ring.ts'
import type { Case } from './case.ts'

const LENGTH = 1460
const DEPTH = 64

const memory = new Memory(1 << 22)
const frame = memory.allocate(2048)
const ring = new ByteRing(memory)
ring.ensure(DEPTH * LENGTH, 0)

/** A payload from its frame behind 63 others, and the oldest away. */
function throughTheRing(): number {
  ring.writeFrom((DEPTH - 1) * LENGTH, frame, LENGTH)
  ring.drop(LENGTH)
  return ring.start
}

const slices: Uint8Array[] = []
for (let i = 0; i < DEPTH; i++) slices.push(memory.u8.slice(frame, frame + LENGTH))

function throughAList(): number {
  slices.push(memory.u8.slice(frame, frame + LENGTH))
  return slices.shift()!.length
}

let joined = Buffer.alloc(DEPTH * LENGTH)

function throughConcat(): number {
  joined = Buffer.concat([joined.subarray(LENGTH), memory.u8.subarray(frame, frame + LENGTH)])
  return joined.length
}

export const RING: Case = {
  name: '1,460 bytes into a queue of 64 segments, and the oldest out',
  ways: [
    { name: 'a ring in the one memory', times: 1, run: throughTheRing },
    { name: 'a slice for each segment, in a list', times: 1, run: throughAList },
    { name: 'Buffer.concat', times: 1, run: throughConcat },
  ],
}
