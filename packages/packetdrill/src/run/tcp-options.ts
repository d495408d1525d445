import type { packets } from '@tapwire/stack'
import type { OptionSpec } from '../language/ast.ts'
import type { Flow } from './flow.ts'

type TcpOption = packets.TcpOption

/** The experimental kind and number of Fast Open before it had its own (RFC 7413 section 4.1.1 and appendix). */
const EXPERIMENT = 254
const FAST_OPEN_MAGIC = [0xf9, 0x89]
const NO_COOKIE = new Uint8Array()

/** An option of the script as it goes over the wire to the stack. */
export function optionToLive(option: OptionSpec, flow: Flow): TcpOption {
  switch (option.name) {
    case 'nop':
      return { name: 'nop' }
    case 'eol':
      return { name: 'end' }
    case 'sackOK':
      return { name: 'sackPermitted' }
    case 'mss':
      return { name: 'mss', value: option.value ?? 0 }
    case 'wscale':
      return { name: 'windowScale', shift: option.value ?? 0 }
    case 'TS':
      return {
        name: 'timestamps',
        value: option.value ?? 0,
        echo: option.echo === null || option.echo === 0 ? 0 : flow.timestampToLive(option.echo),
      }
    case 'sack':
      return {
        name: 'sack',
        blocks: option.blocks.map(([left, right]) => [flow.localToLive(left), flow.localToLive(right)]),
      }
    case 'FO':
      return { name: 'fastOpen', cookie: flow.cookies.toLive(option.cookie ?? NO_COOKIE) }
    case 'FOEXP':
      return {
        name: 'unknown',
        kind: EXPERIMENT,
        data: Uint8Array.of(...FAST_OPEN_MAGIC, ...(option.cookie ?? NO_COOKIE)),
      }
    case 'uto':
      return { name: 'userTimeout', value: option.value, minutes: option.minutes }
    case 'kind':
      return { name: 'unknown', kind: option.kind, data: option.data }
    case 'raw':
      return { name: 'raw', bytes: option.bytes }
  }
}

/** An option that the stack sent, in the script's words and numbers. */
export function optionToScript(option: TcpOption, flow: Flow): OptionSpec {
  switch (option.name) {
    case 'nop':
      return { name: 'nop' }
    case 'end':
      return { name: 'eol' }
    case 'sackPermitted':
      return { name: 'sackOK' }
    case 'mss':
      return { name: 'mss', value: option.value }
    case 'windowScale':
      return { name: 'wscale', value: option.shift }
    case 'timestamps':
      return { name: 'TS', value: flow.timestampToScript(option.value), echo: option.echo }
    case 'sack':
      return {
        name: 'sack',
        blocks: option.blocks.map(([left, right]) => [flow.remoteToScript(left), flow.remoteToScript(right)]),
      }
    case 'fastOpen':
      return { name: 'FO', cookie: flow.cookies.toScript(option.cookie) }
    case 'userTimeout':
      return { name: 'uto', value: option.value, minutes: option.minutes }
    case 'unknown':
      return unknownToScript(option.kind, option.data)
    case 'raw':
      return { name: 'raw', bytes: option.bytes }
  }
}

function unknownToScript(kind: number, data: Uint8Array): OptionSpec {
  const fastOpen = kind === EXPERIMENT && data[0] === FAST_OPEN_MAGIC[0] && data[1] === FAST_OPEN_MAGIC[1]
  return fastOpen ? { name: 'FOEXP', cookie: data.slice(2) } : { name: 'kind', kind, data }
}

/** As in a script: `mss 1460`, `TS val 1 ecr 2`. */
export function optionText(option: OptionSpec): string {
  const number = (value: number | null): string => (value === null ? '...' : String(value))
  switch (option.name) {
    case 'mss':
    case 'wscale':
      return `${option.name} ${number(option.value)}`
    case 'TS':
      return `TS val ${number(option.value)} ecr ${number(option.echo)}`
    case 'sack':
      return `sack ${option.blocks.map(([left, right]) => `${left}:${right}`).join(' ')}`
    case 'FO':
    case 'FOEXP':
      return `${option.name} ${option.cookie === null ? '...' : hex(option.cookie)}`.trimEnd()
    case 'uto':
      return `uto ${option.value} ${option.minutes ? 'min' : 's'}`
    case 'raw':
      return `raw ${hex(option.bytes)}`
    case 'kind':
      return `kind ${option.kind} ${hex(option.data)}`.trimEnd()
    default:
      return option.name
  }
}

export function optionsText(options: readonly OptionSpec[] | null): string {
  if (options === null) return ' <...>'
  return options.length === 0 ? '' : ` <${options.map(optionText).join(',')}>`
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
