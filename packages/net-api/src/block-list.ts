import { BlockList, isIP } from 'node:net'
import { invalidArgType } from './errors.ts'

/** NM-06, NK-24. @throws ERR_INVALID_ARG_TYPE when it is none of Node's lists */
export function blockListOf(options: { readonly blockList?: unknown }): BlockList | undefined {
  const { blockList } = options
  if (!blockList) return undefined
  if (!(blockList instanceof BlockList)) throw invalidArgType('options.blockList', 'net.BlockList', blockList)
  return blockList
}

export function isBlocked(list: BlockList | undefined, address: string | undefined): boolean {
  if (list === undefined || address === undefined) return false
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
