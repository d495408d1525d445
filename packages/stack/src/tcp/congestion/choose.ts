import { TapwireError } from '../../core/errors.ts'
import type { CongestionControl, CongestionName } from './controller.ts'
import { Cubic } from './cubic.ts'
import { NewReno } from './new-reno.ts'

const ALGORITHMS: { readonly [N in CongestionName]: new () => CongestionControl } = {
  cubic: Cubic,
  newreno: NewReno,
}

/** The names of what can be chosen. */
const CONGESTION_NAMES = Object.keys(ALGORITHMS) as CongestionName[]

/** @throws ERR_INVALID_ARG_VALUE when there is no such algorithm */
export function checkCongestionName(name: CongestionName): CongestionName {
  if (CONGESTION_NAMES.includes(name)) return name
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `Congestion control can be ${CONGESTION_NAMES.join(' or ')}. Received ${String(name)}`,
  )
}

/** A connection's own state of the algorithm. */
export function createCongestionControl(name: CongestionName): CongestionControl {
  return new ALGORITHMS[name]()
}
