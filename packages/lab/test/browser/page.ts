import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { hasProgram } from '../../../../examples/shared/programs.ts'

const configFile = fileURLToPath(new URL('../../vite.config.ts', import.meta.url))
const program = ['chromium', 'chromium-browser', 'google-chrome'].find(hasProgram)
export const NO_CHROMIUM = program === undefined ? 'no chromium is installed' : null

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** The built page on the loopback, and a browser to look at it. */
export interface Site {
  readonly url: string
  /** Bytes of all its files, compressed. */
  readonly compressed: number
  readonly browser: Browser
  /** Gives its files: for a server of somebody else. */
  readonly serve: RequestListener
  close(): Promise<void>
}

export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-lab-'))
  await build({ configFile, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } })
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => extname(name) in TYPES,
  )
  const compressed = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0)
  const serve: RequestListener = (request, response) => {
    const path = new URL(request.url ?? '/', 'http://lab').pathname
    const file = join(folder, path === '/' ? 'index.html' : path)
    if (!file.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  }
  const server = createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const browser = await chromium.launch({
    executablePath: findProgram(program ?? 'chromium'),
    args: ['--disable-gpu', '--disable-dev-shm-usage'],
    chromiumSandbox: false,
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    compressed,
    browser,
    serve,
    async close() {
      await browser.close()
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function findProgram(name: string): string {
  const folder = (process.env.PATH ?? '').split(':').find((one) => existsSync(join(one, name)))
  return join(folder ?? '/usr/bin', name)
}

/** A page of the site, and everything that went wrong in it. */
export interface Visit {
  readonly page: Page
  /** Errors and warnings of the console, exceptions, and requests that left the site. */
  readonly faults: string[]
}

/** @param address within the site, with its '#'; or a whole one */
export async function visit(site: Site, address = '', options: BrowserContextOptions = {}): Promise<Visit> {
  const { href, origin } = new URL(address, site.url)
  const context = await site.browser.newContext({
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
    ...options,
  })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !/^(?:blob|data):/.test(url)) faults.push(`request to ${url}`)
  })
  await page.goto(href)
  await page.waitForSelector('html[data-ready="true"]')
  return { page, faults }
}
