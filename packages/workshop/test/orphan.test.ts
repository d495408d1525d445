import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Task } from '../src/child/task.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapwire-workshop-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

it('an endless program ends in time, even when whoever judged it is gone', { timeout: 30_000 }, async () => {
  const file = join(folder, 'endless.ts')
  writeFileSync(file, 'export function checksum(): number {\n  for (;;) {}\n}\n')
  const task: Task = {
    exercise: path('../exercises/03-checksum'),
    file,
    limit: 1,
    kernel: false,
    show: false,
  }
  const options = ['--import', import.meta.resolve('tsx'), '--conditions=tapwire-source']
  const child = spawn(process.execPath, [...options, path('../src/child/child.ts'), JSON.stringify(task)], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const channel = child.stdio[3] as Readable
  await once(channel, 'data')
  channel.destroy()
  try {
    expect(await ended).toEqual([null, 'SIGKILL'])
  } finally {
    child.kill('SIGKILL')
  }
})
