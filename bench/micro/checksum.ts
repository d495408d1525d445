import { do_not_optimize } from 'mitata'
import { foldSum, sumBytes, sumMemory } from '../../packages/stack/src/core/checksum.ts'
import type { Case } from './case.ts'

const LENGTH = 1460
const buffer = new ArrayBuffer(4096)
const view = new DataView(buffer)
const bytes = new Uint8Array(buffer)
const memory = { view, words: new Int32Array(buffer) }
for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7

function viewOfEachPacket(): number {
  const own = new DataView(buffer, 0, LENGTH)
  let sum = 0
  for (let i = 0; i + 1 < LENGTH; i += 2) sum += own.getUint16(i)
  return foldSum(sum)
}

function pairsOfBytes(): number {
  let sum = 0
  for (let i = 0; i + 1 < LENGTH; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  return foldSum(sum)
}

export const CHECKSUM: Case = {
  name: 'checksum of 1,460 bytes',
  ways: [
    { name: 'aligned words', times: 1, run: () => do_not_optimize(foldSum(sumMemory(memory, 2, LENGTH))) },
    {
      name: '32 bits at a time, wherever they stand',
      times: 1,
      run: () => do_not_optimize(foldSum(sumBytes(view, 2, LENGTH))),
    },
    {
      name: 'a DataView for the packet, 16 bits at a time',
      times: 1,
      run: () => do_not_optimize(viewOfEachPacket()),
    },
    { name: 'pairs of bytes', times: 1, run: () => do_not_optimize(pairsOfBytes()) },
  ],
}
