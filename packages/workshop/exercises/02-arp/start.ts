import type { Host, Wire } from '../../src/learner/wire.ts'

export function start(wire: Wire, me: Host): void {
  wire.onFrame = (frame) => {
    console.log(`${frame.length} bytes came in; I am ${me.ip.join('.')}`)
  }
}
