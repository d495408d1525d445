import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type InterfaceSettings, Stack, type StackOptions } from '@tapwire/stack'

/** A device of the configuration: at most one of `tap` and `tun`, the interface's name on the kernel's side. */
export interface InterfaceConfig extends InterfaceSettings {
  readonly tap?: string
  readonly tun?: string
  /** As of `openTap`. */
  readonly mtu?: number
  readonly netns?: string
  readonly offload?: boolean
  readonly hostAddresses?: readonly string[]
}

/** The stack of a process, as TAPWIRE_CONFIG describes it: JSON, or the path of a file with it. */
export interface StackConfig extends Pick<StackOptions, 'names' | 'tcp' | 'limits' | 'conflictDetection'> {
  /** None: the stack has nothing but its loopback interface. */
  readonly interfaces?: readonly InterfaceConfig[]
  /** 'refuse' keeps the program from the operating system's sockets with a path, as of `createNet`. Default 'host'. */
  readonly ipc?: 'host' | 'refuse'
}

const DEFAULT_FILE = 'tapwire.config.json'
const KEYS: readonly string[] = ['interfaces', 'names', 'tcp', 'limits', 'conflictDetection', 'ipc']

/** A configuration that cannot be used; the message is for a person. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** @throws ConfigError */
export function readConfig(setting: string | undefined, folder: string): StackConfig {
  if (setting?.trimStart().startsWith('{')) return parse(setting, 'TAPWIRE_CONFIG')
  const file = resolve(folder, setting ?? DEFAULT_FILE)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    const hint = setting === undefined ? '; set TAPWIRE_CONFIG to another file, or to JSON' : ''
    throw new ConfigError(`The configuration ${file} cannot be read: ${why}${hint}`)
  }
  return parse(text, file)
}

function parse(text: string, where: string): StackConfig {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`${where} is no JSON: ${(error as Error).message}`)
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new ConfigError(`${where} has to be an object with some of: ${KEYS.join(', ')}`)
  }
  for (const key of Object.keys(config)) {
    if (!KEYS.includes(key))
      throw new ConfigError(`${where} has '${key}', which means nothing; known are: ${KEYS.join(', ')}`)
  }
  const { interfaces } = config as StackConfig
  if (interfaces !== undefined && !Array.isArray(interfaces))
    throw new ConfigError(`${where}: 'interfaces' has to be a list`)
  checkIpc(config as StackConfig, where)
  return config as StackConfig
}

function checkIpc({ ipc }: StackConfig, where: string): void {
  if (ipc === undefined || ipc === 'host' || ipc === 'refuse') return
  throw new ConfigError(`${where}: 'ipc' has to be 'host' or 'refuse'`)
}

/** Makes the stack and opens its devices. @throws ConfigError, what `Stack` and `openTap` throw */
export async function openStack(config: Omit<StackConfig, 'ipc'>): Promise<Stack> {
  const { interfaces = [], ...options } = config
  const stack = new Stack(options)
  for (const settings of interfaces) await openInterface(stack, settings)
  return stack
}

async function openInterface(stack: Stack, config: InterfaceConfig): Promise<void> {
  const { tap, tun, mtu, netns, offload, hostAddresses, ...settings } = config
  if ((tap === undefined) === (tun === undefined)) {
    throw new ConfigError(
      "An interface needs either 'tap' or 'tun', the name of the device on the kernel's side",
    )
  }
  const driver = await loadDriver()
  const name = tap ?? tun
  const open = tap === undefined ? driver.openTun : driver.openTap
  const device = await open({
    name,
    mtu,
    netns,
    offload,
    hostAddresses,
    ...(tap === undefined ? {} : { mac: settings.mac }),
  })
  stack.addInterface(device, settings)
}

type Driver = typeof import('@tapwire/tap-driver')

async function loadDriver(): Promise<Driver> {
  try {
    return await import('@tapwire/tap-driver')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new ConfigError(
      "A TAP or TUN device needs the package '@tapwire/tap-driver': npm install @tapwire/tap-driver",
    )
  }
}
