import { Bbr } from './bbr/bbr.ts'
import type { CongestionControl, CongestionName } from './controller.ts'
import { Cubic } from './cubic.ts'
import { NewReno } from './new-reno.ts'

const ALGORITHMS: { readonly [N in CongestionName]: new () => CongestionControl } = {
  cubic: Cubic,
  newreno: NewReno,
  bbr: Bbr,
}

/** A connection's own state of the algorithm. */
export function createCongestionControl(name: CongestionName): CongestionControl {
  return new ALGORITHMS[name]()
}
