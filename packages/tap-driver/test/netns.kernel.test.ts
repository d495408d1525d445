import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createNetns, deleteNetns, openTap } from '../src/index.ts'
import { watch, whyNoKernel } from './kernel.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`tests of network namespaces are skipped: ${reason}`)

/** /run may be read-only to us although namespaces can be made: then there are only nameless ones. */
function whyNoNames(): string | null {
  if (reason !== null) return reason
  try {
    createNetns(`tapwire-try-${process.pid}`).close()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const noNames = whyNoNames()
if (noNames !== null) console.log(`tests of named network namespaces are skipped: ${noNames}`)

describe.skipIf(reason !== null)('a network namespace', () => {
  it('has its loopback interface up, and its children inside', async () => {
    const netns = createNetns()
    const child = watch(
      netns.spawn(process.execPath, ['-p', "Object.keys(require('os').networkInterfaces()).join()"]),
    )
    expect(await child.line()).toBe('lo')
    expect((await child.ended).code).toBe(0)
    netns.close()
    netns.close()
  })

  it('lets nobody in once it is closed, though its descriptor may be that of another one by now', async () => {
    const netns = createNetns()
    const { path } = netns
    netns.close()
    const next = createNetns()
    try {
      expect(next.path).toBe(path)
      const closed = expect.objectContaining({
        code: 'ENOENT',
        message: expect.stringMatching(/has been closed/),
      })
      expect(() => netns.run(() => 1)).toThrow(closed)
      expect(() => netns.spawn('true')).toThrow(closed)
      await expect(openTap({ netns })).rejects.toThrow(closed)
      expect(() => netns.path).toThrow(closed)
    } finally {
      next.close()
    }
  })
})

describe.skipIf(noNames !== null)('a named network namespace', () => {
  it('is found by its name until it is closed', async () => {
    const name = `tapwire-${process.pid}`
    const netns = createNetns(name)
    try {
      expect(netns.path).toBe(`/run/netns/${name}`)
      expect(() => createNetns(name)).toThrow(/already bound .* choose another name/)
      const tap = await openTap({ netns: name, name: 'named0' })
      const child = watch(
        netns.spawn(process.execPath, ['-p', "require('fs').readFileSync('/proc/net/dev', 'utf8')"]),
      )
      expect((await child.ended).output).toContain('named0:')
      await tap.close()
    } finally {
      netns.close()
    }
    expect(existsSync(`/run/netns/${name}`)).toBe(false)
    expect(() => deleteNetns(name)).toThrow(/There is no network namespace/)
  })
})
