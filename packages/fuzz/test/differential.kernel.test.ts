import { expect, it } from 'vitest'
import { kernelObstacle, kernelSuite } from '../../../test/support/kernel.ts'
import { ALLOW_LIST } from '../src/differential/allow-list.ts'
import { KernelPeer } from '../src/differential/kernel-peer.ts'
import { runDifferential } from '../src/differential/run.ts'
import { TapwirePeer } from '../src/differential/tapwire-peer.ts'

const SCRIPTS = 600

kernelSuite('random scripts of segments', kernelObstacle(['python3', 'ip', 'sh']), () => {
  it(`the kernel and tapwire say the same to ${SCRIPTS}, but for what is explained`, {
    timeout: 120_000,
  }, async () => {
    const kernel = await KernelPeer.open()
    const tapwire = new TapwirePeer()
    try {
      const report = await runDifferential(kernel, tapwire, { seed: 1, scripts: SCRIPTS, batch: 300 })
      const explained = Object.values(report.allowed).reduce((a, b) => a + b, 0)
      expect(report.equal + explained + report.unexplainedCount).toBe(SCRIPTS)
      expect(report.equal).toBeGreaterThan(SCRIPTS * 0.6)
      // A kernel on a busy machine may answer a step too late: then it seems to have said nothing.
      expect(report.unexplainedCount, report.unexplained.join('\n')).toBeLessThan(SCRIPTS * 0.03)
      expect(Object.keys(report.allowed).every((name) => ALLOW_LIST.some((a) => a.name === name))).toBe(true)
    } finally {
      await kernel.close()
      await tapwire.close()
    }
  })
})
