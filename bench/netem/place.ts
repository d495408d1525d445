import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createNetns } from '@tapwire/tap-driver'
import { deviceObstacle, privilegeObstacle } from '../../examples/shared/kernel-obstacle.ts'
import { hasProgram, runProgram } from '../../examples/shared/programs.ts'
import { startUml, umlObstacle } from '../../scripts/uml.mjs'
import { bundlePrograms } from './bundle.ts'
import type { Plan } from './cells.ts'
import type { Where } from './options.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** A lane's three processes take about 200 MB. */
const MEMORY = '6G'

/** A kernel that has netem, where the measurement can be run. */
export interface Place {
  readonly name: string
  /** @returns how to stop it, and a promise of its end: the program's status, or null when it did not come so far */
  start(plan: Plan, onOutput: (text: string) => void): Promise<Running>
}

export interface Running {
  kill(): void
  readonly status: Promise<number | null>
}

/** @throws Error with one sentence: why there is none */
export async function choosePlace(where: Where): Promise<Place> {
  const obstacle = await nativeObstacle()
  if (obstacle === null && where !== 'uml') return NATIVE
  if (where === 'native') throw new Error(obstacle ?? '')
  const missing = deviceObstacle() ?? umlObstacle()
  if (missing === null) return userMode(obstacle)
  throw new Error(
    `it cannot be measured here: ${obstacle ?? 'not asked for'}; and for a user-mode Linux, which has it: ${missing}`,
  )
}

/** Kernels are built without netem, too: trying is the only way to know. */
async function nativeObstacle(): Promise<string | null> {
  const missing = ['ip', 'tc'].filter((name) => !hasProgram(name))
  const programs = missing.length > 0 ? `not installed: ${missing.join(', ')} (iproute2)` : null
  const obstacle = deviceObstacle() ?? privilegeObstacle() ?? programs
  if (obstacle !== null) return obstacle
  const netns = createNetns()
  try {
    const { status, stderr } = await runProgram('tc', 'qdisc add dev lo root netem delay 1ms'.split(' '), {
      spawn: (command, args, options) => netns.spawn(command, args, options),
    })
    return status === 0 ? null : `this kernel has no netem, as tc says (${stderr.trim()})`
  } finally {
    netns.close()
  }
}

const NATIVE: Place = {
  name: 'the kernel of this machine',
  async start(plan, onOutput) {
    const child = spawn(process.execPath, [await bundlePrograms(), JSON.stringify(plan)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.setEncoding('utf8').on('data', onOutput)
    return {
      kill: () => child.kill('SIGTERM'),
      status: new Promise((resolve) => {
        child.on('error', () => resolve(null))
        child.on('close', (status) => resolve(status))
      }),
    }
  },
}

function userMode(why: string | null): Place {
  return {
    name: `a user-mode Linux${why === null ? '' : `, as ${why}`}`,
    start: async (plan, onOutput) =>
      startUml(`node ${await bundlePrograms()} '${JSON.stringify(plan)}' 2>&1`, onOutput, {
        memory: MEMORY,
        eager: true,
      }),
  }
}
