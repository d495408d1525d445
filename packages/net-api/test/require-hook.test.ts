import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type * as nodeNet from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNet, createRequireHook } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('createRequireHook', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-hook-'))
  const left = new Stack()
  const right = new Stack()
  const modules = join(folder, 'node_modules')

  function write(name: string, text: string): void {
    const file = join(modules, name)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, text)
  }

  beforeAll(() => {
    const [a, b] = createCable()
    left.addInterface(a, { addresses: ['10.9.0.1/24'] })
    right.addInterface(b, { addresses: ['10.9.0.2/24'] })
    write(
      'service/index.js',
      "exports.net = require('./lib/net'); exports.count = 0; exports.late = () => require('other')",
    )
    write('service/lib/net.js', "module.exports = require('node:net')")
    write(
      'other/index.js',
      "exports.net = require('net'); exports.service = require('service'); exports.fs = require('fs')",
    )
    write('broken/index.js', "throw new Error('broken')")
  })

  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await left.close()
    await right.close()
  })

  interface Service {
    net: typeof nodeNet
    count: number
    late(): { net: typeof nodeNet; service: Service; fs: unknown }
  }

  const hook = (stack: Stack): NodeJS.Require => createRequireHook(stack, join(folder, 'test.js'))

  it('loads a package for a stack, and again for another', async () => {
    const [one, two] = [hook(left), hook(right)].map((require) => require('service') as Service)
    expect(one).not.toBe(two)
    const server = one.net.createServer((socket) => socket.end(`${socket.remoteAddress}`))
    server.listen(7, '10.9.0.1')
    await once(server, 'listening')
    const client = two.net.connect(7, '10.9.0.1')
    const [text] = await once(client.setEncoding('utf8'), 'data')
    expect(text).toMatch(/10\.9\.0\.2$/)
    await once(client, 'close')
    await new Promise((resolve) => server.close(resolve))
  })

  it('stays with what is required late, has one of each package, and leaves other modules alone', async () => {
    const require = hook(left)
    const service = require('service') as Service
    const other = service.late()
    expect(other.service).toBe(service)
    expect(other.net).toBe(service.net)
    expect(other.fs).toBe(await import('node:fs').then(({ default: fs }) => fs))
    expect(require('service')).toBe(service)
    expect(require('node:net')).toBe(service.net)
    expect(service.net).not.toBe(await import('node:net').then(({ default: net }) => net))
    expect(service.net.Socket).not.toBe(createNet(left).Socket)
  })

  it('tells of a package that is missing, and forgets one that failed', () => {
    const require = hook(left)
    expect(() => require('nothing-there')).toThrow(expect.objectContaining({ code: 'MODULE_NOT_FOUND' }))
    expect(() => require('broken')).toThrow('broken')
    write('broken/index.js', 'exports.mended = true')
    expect(require('broken')).toEqual({ mended: true })
    expect(require.resolve('service')).toBe(join(modules, 'service/index.js'))
    expect(() => require('')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    const number = 5 as unknown as string
    expect(() => require(number)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })
})
