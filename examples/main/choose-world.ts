import { spawn, spawnSync } from 'node:child_process'
import { deviceObstacle, privilegeObstacle } from '../shared/kernel-obstacle.ts'
import { openKernelWorld } from './kernel-world.ts'
import { openMemoryWorld } from './memory-world.ts'
import type { Options } from './options.ts'
import type { World } from './world.ts'

/** Set for the process that runs under `unshare -Urn`, so that it does not try again. */
const INSIDE = 'TAPWIRE_INSIDE_USER_NAMESPACE'

function mayUnshare(): boolean {
  return spawnSync('unshare', ['-Urn', 'true'], { stdio: 'ignore' }).status === 0
}

/** Runs this program again as root of a user namespace, in a network namespace of its own. @returns its status */
function runInside(): Promise<number> {
  const args = ['-Urn', process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn('unshare', args, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } })
  // Ctrl-C reaches the child by itself; this process waits for what it makes of it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (status) => resolve(status ?? 1))
  })
}

/**
 * The kernel as the peer where that can be had, else an in-memory network.
 * @returns the status of the run under `unshare -Urn` when that was what could be had
 */
export async function chooseWorld(options: Options): Promise<World | number> {
  if (options.world === 'memory') return openMemoryWorld('as asked')
  const inside = process.env[INSIDE] !== undefined
  let obstacle = deviceObstacle()
  if (obstacle === null) {
    if (!inside) obstacle = privilegeObstacle()
    if (obstacle === null) {
      try {
        return await openKernelWorld({ ownNamespace: !inside })
      } catch (error) {
        obstacle = error instanceof Error ? error.message : String(error)
      }
    }
    if (!inside && mayUnshare()) {
      console.log(`tapwire: ${obstacle}; trying again under unshare -Urn`)
      return runInside()
    }
  }
  if (options.world === 'kernel') throw new Error(`the kernel cannot be the peer: ${obstacle}`)
  return openMemoryWorld(`because ${obstacle}`)
}
