import { TcpOptionKind } from '../tcp-options.ts'
import { concat, viewOf } from './bytes.ts'

/** One TCP option, readable. Numbers are unsigned. */
export type TcpOption =
  | { name: 'end' }
  | { name: 'nop' }
  | { name: 'mss'; value: number }
  | { name: 'windowScale'; shift: number }
  | { name: 'sackPermitted' }
  | { name: 'sack'; blocks: [left: number, right: number][] }
  | { name: 'timestamps'; value: number; echo: number }
  | { name: 'userTimeout'; minutes: boolean; value: number }
  | { name: 'fastOpen'; cookie: Uint8Array }
  /** Any other kind, or a known one whose length is not its own. */
  | { name: 'unknown'; kind: number; data: Uint8Array }
  /** Bytes that are no options: what follows a malformed length, or non-zero bytes behind the end. */
  | { name: 'raw'; bytes: Uint8Array }

/** Reads them all, malformed ones too; zeros behind 'end' are padding and left out. */
export function parseTcpOptionList(bytes: Uint8Array): TcpOption[] {
  const options: TcpOption[] = []
  let at = 0
  while (at < bytes.length) {
    const kind = bytes[at]
    if (kind === TcpOptionKind.End) {
      options.push({ name: 'end' })
      const rest = bytes.slice(at + 1)
      if (rest.some((byte) => byte !== 0)) options.push({ name: 'raw', bytes: rest })
      break
    }
    if (kind === TcpOptionKind.Nop) {
      options.push({ name: 'nop' })
      at++
      continue
    }
    const length = at + 1 < bytes.length ? bytes[at + 1] : 0
    if (length < 2 || at + length > bytes.length) {
      options.push({ name: 'raw', bytes: bytes.slice(at) })
      break
    }
    options.push(parseOption(kind, bytes.subarray(at + 2, at + length)))
    at += length
  }
  return options
}

function parseOption(kind: number, data: Uint8Array): TcpOption {
  const view = viewOf(data)
  const length = data.length
  if (kind === TcpOptionKind.Mss && length === 2) return { name: 'mss', value: view.getUint16(0) }
  if (kind === TcpOptionKind.WindowScale && length === 1) return { name: 'windowScale', shift: data[0] }
  if (kind === TcpOptionKind.SackPermitted && length === 0) return { name: 'sackPermitted' }
  if (kind === TcpOptionKind.Timestamps && length === 8) {
    return { name: 'timestamps', value: view.getUint32(0), echo: view.getUint32(4) }
  }
  if (kind === TcpOptionKind.UserTimeout && length === 2) {
    return { name: 'userTimeout', minutes: data[0] >= 0x80, value: view.getUint16(0) & 0x7fff }
  }
  if (kind === TcpOptionKind.Sack && length > 0 && length % 8 === 0) {
    const blocks: [number, number][] = []
    for (let at = 0; at < length; at += 8) blocks.push([view.getUint32(at), view.getUint32(at + 4)])
    return { name: 'sack', blocks }
  }
  if (kind === TcpOptionKind.FastOpen) return { name: 'fastOpen', cookie: data.slice() }
  return { name: 'unknown', kind, data: data.slice() }
}

/** One after the other, without padding between or behind them. */
export function buildTcpOptions(options: readonly TcpOption[]): Uint8Array {
  return concat(...options.map(buildOption))
}

function buildOption(option: TcpOption): Uint8Array {
  switch (option.name) {
    case 'end':
      return Uint8Array.of(TcpOptionKind.End)
    case 'nop':
      return Uint8Array.of(TcpOptionKind.Nop)
    case 'mss':
      return sized(TcpOptionKind.Mss, words16(option.value))
    case 'windowScale':
      return sized(TcpOptionKind.WindowScale, Uint8Array.of(option.shift))
    case 'sackPermitted':
      return sized(TcpOptionKind.SackPermitted, new Uint8Array(0))
    case 'sack':
      return sized(TcpOptionKind.Sack, words32(option.blocks.flat()))
    case 'timestamps':
      return sized(TcpOptionKind.Timestamps, words32([option.value, option.echo]))
    case 'userTimeout':
      return sized(TcpOptionKind.UserTimeout, words16((option.minutes ? 0x8000 : 0) | option.value))
    case 'fastOpen':
      return sized(TcpOptionKind.FastOpen, option.cookie)
    case 'unknown':
      return sized(option.kind, option.data)
    case 'raw':
      return option.bytes
  }
}

function sized(kind: number, data: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(kind, 2 + data.length), data)
}

function words16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value)
}

function words32(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = viewOf(bytes)
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value)
  return bytes
}
