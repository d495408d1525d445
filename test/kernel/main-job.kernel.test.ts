import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { LONG, MainJob, SMALL } from '../support/main-job.ts'

/** Whether a process is there and not just waiting for its parent to notice its end. */
function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

let job: MainJob
beforeEach(() => {
  job = new MainJob()
})
afterEach(() => job.remove())

kernelSuite('npm start with the kernel', kernelObstacle(['ping', 'curl']), () => {
  it(
    'does every step with ping and curl',
    async () => {
      const finished = await job.run(['--world', 'kernel', ...SMALL])
      job.expectEveryStepRight(finished, /the kernel is the peer/)
      expect(finished.stdout).toMatch(/ping over IPv6 .* ping\n/)
      expect(finished.stdout).toMatch(/fetch the page over IPv6 .* curl\n/)
    },
    LONG,
  )

  it(
    "does every step with Node's client where there is no ping and no curl",
    async () => {
      const finished = await job.run(['--world', 'kernel', ...SMALL], { PATH: job.folder })
      job.expectEveryStepRight(finished, /the kernel is the peer/)
      expect(finished.stdout).toMatch(/ping over IPv6 .* Node's client \(TCP connect\)\n/)
      expect(finished.stdout).toMatch(/fetch the page over IPv6 .* Node's client\n/)
    },
    LONG,
  )

  it(
    'ends with 1 when a step was not right, and goes on with the others',
    async () => {
      writeFileSync(join(job.folder, 'curl'), '#!/bin/sh\nexit 7\n', { mode: 0o755 })
      const finished = await job.run(['--world', 'kernel', ...SMALL], {
        PATH: `${job.folder}:${process.env.PATH}`,
      })
      expect(finished.status).toBe(1)
      expect(finished.stdout).toContain('5 of 7 steps were right.')
      expect(finished.stdout.match(/WRONG/g)).toHaveLength(2)
    },
    LONG,
  )

  it(
    'removes everything on Ctrl-C',
    async () => {
      const { args, cwd, env } = job.command(['--serve'])
      const child = spawn(process.execPath, args, { cwd, env })
      const exited = once(child, 'exit')
      let output = ''
      for await (const piece of child.stdout.setEncoding('utf8')) {
        output += piece
        if (output.includes('is captured in')) break
      }
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
      const clients = children.filter((pid) =>
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('kernel-client'),
      )
      expect(clients).toHaveLength(1)
      expect(output).toContain('nsenter --net=/proc/')
      child.kill('SIGINT')
      expect(await exited).toEqual([130, null])
      await vi.waitFor(() => expect(isRunning(clients[0])).toBe(false), 10_000)
    },
    LONG,
  )
})

/** Root's files without root's power over the network: who may open the device, but not use it here. */
const POWERLESS = ['setpriv', '--bounding-set=-net_admin,-sys_admin', '--']

function userNamespaceObstacle(): string | null {
  const obstacle = kernelObstacle(['setpriv', 'unshare'])
  if (obstacle !== null) return obstacle
  const [program, ...args] = [...POWERLESS, 'unshare', '-Urn', 'true']
  return spawnSync(program, args).status === 0 ? null : 'this system does not let everybody unshare'
}

kernelSuite('npm start without the privilege', userNamespaceObstacle(), () => {
  it(
    'has the kernel as its peer all the same, under unshare -Urn',
    async () => {
      const finished = await job.run(SMALL, {}, POWERLESS)
      job.expectEveryStepRight(finished, /trying again under unshare -Urn\n.*the kernel is the peer/)
    },
    LONG,
  )
})
