import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, describe, expect, it } from 'vitest'
import { CHROMIUM_FLAGS, chromium } from './support/chromium.ts'

const pageSource = fileURLToPath(new URL('browser/two-stacks.ts', import.meta.url))
const stackIndex = fileURLToPath(new URL('../packages/stack/src/index.ts', import.meta.url))

/** One file for the browser, with nothing left out and nothing put in Node's place. */
async function bundle(entry: string): Promise<string> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    // Without its comments, so that searching it finds code.
    minify: true,
    legalComments: 'none',
    alias: { '@tapwire/stack': stackIndex },
    logLevel: 'silent',
  })
  expect(result.warnings).toEqual([])
  return result.outputFiles[0].text
}

interface PageServer {
  readonly url: string
  /** What the page reports of itself. */
  readonly result: Promise<unknown>
  readonly server: Server
}

/** Serves the page and its script on the loopback, and takes what the page reports by POST. */
async function servePage(script: string): Promise<PageServer> {
  let report: (value: unknown) => void
  const result = new Promise((resolve) => {
    report = resolve
  })
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      let body = ''
      request.setEncoding('utf8').on('data', (piece: string) => {
        body += piece
      })
      request.on('end', () => {
        response.end()
        report(JSON.parse(body))
      })
    } else if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript').end(script)
    } else {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>tapwire</title><script type="module" src="/page.js"></script>')
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, result, server }
}

describe('packages/stack in a browser', () => {
  const cleanups: (() => void | Promise<void>)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })

  async function stopped(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  it('bundles with no shim, and names no module of Node', async () => {
    const code = await bundle(stackIndex)
    expect(code.length).toBeGreaterThan(10_000)
    expect(code).not.toMatch(/\brequire\(|\bfrom\s*["']|\bimport\(|\bprocess\.|\bBuffer\./)
  })

  it('exchanges 1 MiB between two stacks over a cable in headless Chromium', async (context) => {
    if (!chromium) return context.skip('no chromium is installed')
    const page = await servePage(await bundle(pageSource))
    cleanups.push(() => {
      page.server.closeAllConnections()
      page.server.close()
    })
    const profile = mkdtempSync(join(tmpdir(), 'tapwire-chromium-'))
    cleanups.push(() => rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
    const child = spawn(chromium, [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, page.url], {
      stdio: 'ignore',
      env: { ...process.env, HOME: profile },
    })
    cleanups.push(() => stopped(child))
    const ended = once(child, 'exit').then(([status]) => ({ error: `chromium ended with ${status}` }))
    expect(await Promise.race([page.result, ended])).toEqual({
      sent: 1024 * 1024,
      received: 1024 * 1024,
      sameHash: true,
    })
  }, 120_000)
})
