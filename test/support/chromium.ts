import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { hasProgram } from '../../examples/shared/programs.ts'

/** The name of the browser, or undefined where there is none. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(hasProgram)

export const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** Put into a page that is visited: it tells how its body looks, whenever that changes. */
const REPORTER = `<script>
  const report = () => fetch('/report', { method: 'POST', body: document.body?.innerHTML ?? '' })
  new MutationObserver(report).observe(document, { childList: true, subtree: true, characterData: true })
</script>`

/**
 * Serves a page and its scripts on the loopback, and loads it.
 * @param scripts by the names under which the page asks for them
 * @param done is given the body's HTML whenever it has changed; true ends the visit
 * @returns the body's HTML in the end, also when the browser ended before
 */
export async function visit(
  html: string,
  scripts: Readonly<Record<string, string>>,
  done: (body: string) => boolean,
): Promise<string> {
  let body = ''
  const profile = mkdtempSync(join(tmpdir(), 'tapwire-chromium-'))
  const server = createServer(async (request, response) => {
    const script = scripts[(request.url ?? '/').slice(1)]
    if (request.method === 'POST') {
      body = await text(request)
      if (done(body)) browser.kill('SIGKILL')
    }
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
    response.end(script ?? REPORTER + html)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const browser = spawn(chromium ?? 'chromium', [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
    env: { ...process.env, HOME: profile },
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  try {
    await once(browser, 'exit')
    return body
  } finally {
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
