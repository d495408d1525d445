import { runScript } from '@tapwire/packetdrill'
import { describe, expect, it } from 'vitest'
import { optionsHarness } from '../src/harness/options.ts'
import { packetScript } from '../src/run/packet-script.ts'

describe('the script of a failure', () => {
  it('brings the segments of one connection again, and the runner of scripts takes it', {
    timeout: 60_000,
  }, () => {
    let played = 0
    for (let seed = 1; seed <= 20; seed++) {
      const scenario = optionsHarness.begin(seed)
      for (let i = 0; i < 200; i++) scenario.step()
      const script = packetScript(scenario.world.recorder.frames, 'What must hold does not')
      if (script === null) continue
      expect(script).toMatch(/^\/\/ What must hold does not\n/)
      expect(script).toContain('listen(3, 8) = 0')
      const { error } = runScript(script)
      if (error === null) played++
    }
    expect(played).toBeGreaterThan(12)
  })

  it('is of the connection that the failure names', () => {
    const scenario = optionsHarness.begin(3)
    for (let i = 0; i < 200; i++) scenario.step()
    const { frames } = scenario.world.recorder
    const script = packetScript(
      frames,
      'connection 1 (10.0.0.2 port 7 to 10.0.0.1 port 1024, ESTABLISHED): broken',
    )
    const other = packetScript(
      frames,
      'connection 9 (10.0.0.2 port 7 to 10.0.0.1 port 65000, ESTABLISHED): broken',
    )
    expect(script === null || script.includes('port 1024')).toBe(true)
    expect(other).toBeNull()
  })
})
