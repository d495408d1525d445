import { readFileSync } from 'node:fs'
import { pcapng } from '@tapwire/stack'
import { Failure } from '../failure.ts'
import type { RawFrame } from './packet.ts'

export interface CapturedFrame extends RawFrame {
  readonly medium: 'ethernet' | 'ip'
}

/** Frames of a file, in its order; and whether the file ends in the middle of one. */
export interface Captured {
  readonly frames: readonly CapturedFrame[]
  readonly truncated: boolean
  /** Of link types that nobody here reads. */
  readonly skipped: number
}

/** @throws Failure for what is no capture */
export function readCapture(file: string): Captured {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new Failure(
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
    )
  }
  const capture = pcapng.readPcapng(bytes)
  if (capture !== null) return fromPcapng(capture)
  return readPcap(bytes) ?? fail(`${file} is no capture: it begins neither like pcapng nor like pcap`)
}

function fail(message: string): never {
  throw new Failure(message)
}

const MEDIA: Readonly<Record<number, 'ethernet' | 'ip'>> = {
  [pcapng.LinkType.Ethernet]: 'ethernet',
  [pcapng.LinkType.Raw]: 'ip',
  // LINKTYPE_IPV4, LINKTYPE_IPV6
  228: 'ip',
  229: 'ip',
}

const DIRECTIONS = {
  [pcapng.PacketDirection.Unknown]: null,
  [pcapng.PacketDirection.Inbound]: 'in',
  [pcapng.PacketDirection.Outbound]: 'out',
} as const

function fromPcapng(capture: pcapng.CaptureFile): Captured {
  const frames = capture.packets.flatMap((packet): CapturedFrame[] => {
    const medium = MEDIA[capture.interfaces[packet.interface].linkType]
    if (medium === undefined) return []
    const { time, bytes, originalLength } = packet
    return [{ time, bytes, originalLength, direction: DIRECTIONS[packet.direction], medium }]
  })
  return { frames, truncated: capture.truncated, skipped: capture.packets.length - frames.length }
}

/** The older format, which tcpdump writes: a header of 24 bytes, then 16 before each packet. */
function readPcap(file: Uint8Array): Captured | null {
  if (file.length < 24) return null
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const little = [0xa1b2c3d4, 0xa1b23c4d].includes(view.getUint32(0, true))
  const magic = view.getUint32(0, little)
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) return null
  const perMicro = magic === 0xa1b23c4d ? 1000 : 1
  const medium = MEDIA[view.getUint32(20, little) & 0xffff]
  const frames: CapturedFrame[] = []
  let skipped = 0
  let at = 24
  while (at + 16 <= file.length) {
    const length = view.getUint32(at + 8, little)
    if (at + 16 + length > file.length) break
    const time = view.getUint32(at, little) * 1e6 + Math.floor(view.getUint32(at + 4, little) / perMicro)
    if (medium === undefined) skipped++
    else
      frames.push({
        time,
        bytes: file.subarray(at + 16, at + 16 + length),
        originalLength: view.getUint32(at + 12, little),
        direction: null,
        medium,
      })
    at += 16 + length
  }
  return { frames, truncated: at < file.length, skipped }
}
