import { createHash } from 'node:crypto'
import { mustRun } from '../../examples/shared/programs.ts'

const CHECKS = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])

/** What tshark prints of a capture. @throws Error when it refuses */
export async function tshark(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await mustRun('tshark', ['-r', file, ...CHECKS, ...args], { timeout: 120_000 })
  return stdout
}

/** How many packets of a capture match a filter. */
export async function countPackets(file: string, filter: string): Promise<number> {
  return (await tshark(file, '-Y', filter)).split('\n').filter((line) => line !== '').length
}

/** SHA-256 of both directions of TCP connection `index` as tshark puts them together, the side that opened it first. */
export async function streamHashes(file: string, index = 0): Promise<[opener: string, other: string]> {
  const hashes = [createHash('sha256'), createHash('sha256')] as const
  const text = await tshark(file, '-q', '-z', `follow,tcp,raw,${index}`)
  for (const line of text.split('\n')) {
    const bytes = line.trim()
    if (!/^(?:[0-9a-f]{2})+$/.test(bytes)) continue
    hashes[line.startsWith('\t') ? 1 : 0].update(Buffer.from(bytes, 'hex'))
  }
  return [hashes[0].digest('hex'), hashes[1].digest('hex')]
}
