import { createNetns } from '@tapwire/tap-driver'
import { hasProgram, runProgram } from '../../examples/shared/programs.ts'

/** Whether this kernel can delay packets: asked of it, on the loopback of a namespace that is gone afterwards. */
export async function kernelHasNetem(): Promise<boolean> {
  if (!hasProgram('tc')) return false
  const netns = createNetns()
  try {
    const args = ['qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms']
    const { status } = await runProgram('tc', args, {
      spawn: (command, list, options) => netns.spawn(command, list, options),
    })
    return status === 0
  } finally {
    netns.close()
  }
}
