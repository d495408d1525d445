import type { Host, Wire } from '../../src/learner/wire.ts'

export function start(wire: Wire, me: Host): void {
  wire.onFrame = (frame) => {
    const protocol = frame[14 + 9]
    console.log(`protocol ${protocol} in ${frame.length} bytes for ${me.ip.join('.')}`)
  }
}
