import { readFileSync } from 'node:fs'
import type { NameSettings } from '@tapwire/stack'
import { usageFailure } from '../failure.ts'

/** What `--config` may say; names are those of the options, in the manner of JSON. */
export interface ConfigFile {
  readonly tap?: string
  readonly tun?: string
  readonly virtual?: boolean
  readonly netns?: string
  readonly addresses?: readonly string[]
  readonly hostAddresses?: readonly string[]
  readonly gateways?: readonly string[]
  readonly mtu?: number
  readonly mac?: string
  readonly offload?: boolean
  readonly impair?: Readonly<Record<string, unknown>>
  readonly tcp?: Readonly<Record<string, unknown>>
  readonly names?: NameSettings
  readonly peer?: string
}

type Kind = 'text' | 'texts' | 'flag' | 'number' | 'object'

const FIELDS: { readonly [name in keyof Required<ConfigFile>]: readonly [kind: Kind, example: string] } = {
  tap: ['text', '"tap0"'],
  tun: ['text', '"tun0"'],
  virtual: ['flag', 'true'],
  netns: ['text', '"lab"'],
  addresses: ['texts', '["10.77.0.2/24"]'],
  hostAddresses: ['texts', '["10.77.0.1/24"]'],
  gateways: ['texts', '["10.77.0.1"]'],
  mtu: ['number', '1500'],
  mac: ['text', '"02:00:00:00:00:01"'],
  offload: ['flag', 'false'],
  impair: ['object', '{ "loss": 0.05 }'],
  tcp: ['object', '{ "congestion": "cubic" }'],
  names: ['object', '{ "nameServers": ["10.77.0.1"], "hosts": { "db": "10.77.0.3" } }'],
  peer: ['text', '"curl http://10.77.0.2/"'],
}

const WORDS: Readonly<Record<Kind, string>> = {
  text: 'a string',
  texts: 'a list of strings',
  flag: 'true or false',
  number: 'a number',
  object: 'an object',
}

/** @throws Failure that says which file, which name, and what should stand there */
export function readConfigFile(file: string): ConfigFile {
  const fault = (what: string): Error => usageFailure(`${file}: ${what}`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw usageFailure(`--config: ${(error as Error).message}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fault(`this is no JSON: ${(error as Error).message}`)
  }
  if (!isKind('object', value)) throw fault('there must be one object, { ... }')
  for (const [name, given] of Object.entries(value as object)) {
    if (!Object.hasOwn(FIELDS, name))
      throw fault(`there is no "${name}"; there are ${Object.keys(FIELDS).join(', ')}`)
    const [kind, example] = FIELDS[name as keyof ConfigFile]
    if (!isKind(kind, given))
      throw fault(`"${name}" must be ${WORDS[kind]}, such as ${example}, and is ${JSON.stringify(given)}`)
  }
  const config = value as ConfigFile
  if (
    [config.tap, config.tun, config.virtual || undefined].filter((device) => device !== undefined).length > 1
  )
    throw fault('of "tap", "tun" and "virtual" only one can be the device')
  return config
}

function isKind(kind: Kind, value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string'
  if (kind === 'flag') return typeof value === 'boolean'
  if (kind === 'number') return typeof value === 'number'
  if (kind === 'texts') return Array.isArray(value) && value.every((item) => typeof item === 'string')
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
