import { TapwireError } from '../../core/errors.ts'
import type { CongestionName } from './controller.ts'

/** The names of what can be chosen; `choose.ts` has what they stand for. */
const CONGESTION_NAMES: readonly CongestionName[] = ['cubic', 'newreno', 'bbr']

/** @throws ERR_INVALID_ARG_VALUE when there is no such algorithm */
export function checkCongestionName(name: CongestionName): CongestionName {
  if (CONGESTION_NAMES.includes(name)) return name
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `Congestion control can be cubic, newreno or bbr. Received ${String(name)}`,
  )
}
