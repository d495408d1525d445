import { mkdirSync, writeFileSync } from 'node:fs'
import { createHttp2, createHttps } from '@tapwire/net-api'
import { createDispatcher } from '@tapwire/net-api/fetch'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { payloadHash } from '../../examples/main/payload.ts'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { cert, key } from '../../packages/net-api/test/support/certificate.ts'
import { ECHO, itemText, SIZE, startWeb, type Web } from '../clients/web/app.ts'
import {
  CONNECTIONS,
  exerciseAgent,
  exerciseFetch,
  exerciseHttp2,
  ITEMS,
  type WebReport,
} from '../clients/web/tasks.ts'
import { startDaemon } from '../support/daemon.ts'
import { Folder } from '../support/folder.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'

/** Where nginx serves files, and asks the stack only for what is computed; where all of it is the stack's. */
const PORTS = { http: 80, https: 443, proxy: 81, secureProxy: 82 } as const
/* nginx reads no more of a request when it has been answered, and so passes on no echo of what is still being sent. */

/** Connections that nginx keeps to the stack. */
const KEPT = 8

/** One process, all that it writes in `folder`. */
function configuration({ path }: Folder): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const files = 'location / { root files; } location ~ ^/(hash|echo-whole)$ { proxy_pass http://stack; }'
  const server = (listen: string, body: string): string =>
    `server { listen ${listen}; listen [::]:${listen}; ${body} }`
  return `
daemon off; master_process off; pid nginx.pid; error_log stderr error;
events { worker_connections 512; }
http {
  access_log off; client_max_body_size 64m; sendfile on;
  ${temporary.map((name) => `${name}_temp_path ${path}/${name};`).join(' ')}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; proxy_buffering off;
  proxy_ssl_trusted_certificate ${path}/cert.pem; proxy_ssl_verify on; proxy_ssl_name tapwire.test;
  ssl_certificate ${path}/cert.pem; ssl_certificate_key ${path}/key.pem;
  upstream stack { server ${STACK_SIDE.v4}; server [${STACK_SIDE.v6}]; keepalive ${KEPT}; }
  upstream secure-stack { server ${STACK_SIDE.v4}:443; keepalive ${KEPT}; }
  ${server(`${PORTS.http}`, files)}
  ${server(`${PORTS.https} ssl http2`, files)}
  ${server(`${PORTS.proxy}`, 'location / { proxy_pass http://stack; }')}
  ${server(`${PORTS.secureProxy}`, 'location / { proxy_pass https://secure-stack; }')}
}
`
}

kernelSuite("the stack's web clients and servers, and nginx", kernelObstacle(['nginx', 'setpriv']), () => {
  allowNoKernelTcp()
  let side: KernelSide
  let folder: Folder
  let web: Web

  const large = { bytes: SIZE, sha256: payloadHash(SIZE) }

  beforeAll(async () => {
    folder = new Folder()
    folder.writeCertificate()
    mkdirSync(folder.file('files/item'), { recursive: true })
    await folder.writePayload('files/file', SIZE)
    for (let n = 0; n < ITEMS; n++) writeFileSync(folder.file(`files/item/${n}`), itemText(n))
    side = await KernelSide.open()
    web = await startWeb(
      { http: side.http, https: createHttps(side.net), http2: createHttp2(side.net) },
      { key, cert },
    )
    const file = folder.write('nginx.conf', configuration(folder))
    await startDaemon(side, PORTS.http, 'nginx', ['-p', folder.path, '-c', file, '-e', 'stderr'])
  })

  afterAll(async () => {
    web?.close()
    await side?.close()
    folder?.remove()
  })

  function expectRight(report: WebReport): void {
    expect(report).toMatchObject({ upload: large, download: large, echo: large, items: ITEMS })
    if (report.connections !== undefined) expect(report.connections).toBeLessThanOrEqual(CONNECTIONS)
  }

  it('http.Agent is served files, and has the rest passed on', async () => {
    expectRight(await exerciseAgent(side.http, `http://${KERNEL_SIDE.v4}`, {}, ECHO.whole))
    expectRight(await exerciseAgent(side.http, `http://[${KERNEL_SIDE.v6}]`, {}, ECHO.whole))
  })

  it('https.Agent is served files, and has the rest passed on', async () => {
    expectRight(
      await exerciseAgent(createHttps(side.net), `https://${KERNEL_SIDE.v4}`, { ca: cert }, ECHO.whole),
    )
  })

  it('fetch is served files, and has the rest passed on', async () => {
    const dispatcher = createDispatcher(side.net, { connections: CONNECTIONS })
    expectRight(await exerciseFetch(`http://[${KERNEL_SIDE.v6}]`, dispatcher, ECHO.whole))
    await dispatcher.close()
  })

  it('http2 is served files, and has the rest passed on', async () => {
    expectRight(
      await exerciseHttp2(createHttp2(side.net), `https://${KERNEL_SIDE.v4}`, { ca: cert }, ECHO.whole),
    )
  })

  it('a request goes through nginx to a server of the stack that it came from, and the answer back', async () => {
    expectRight(await exerciseAgent(side.http, `http://${KERNEL_SIDE.v4}:${PORTS.proxy}`, {}, ECHO.whole))
  })

  it('nginx verifies the certificate of the server that it passes requests to', async () => {
    expectRight(
      await exerciseAgent(side.http, `http://${KERNEL_SIDE.v4}:${PORTS.secureProxy}`, {}, ECHO.whole),
    )
  })

  it('nginx keeps its connections to the stack', async () => {
    const before = web.connections
    const agent = new side.http.Agent({ keepAlive: true, maxSockets: 4 })
    const ask = (n: number): Promise<string> =>
      new Promise((resolve, reject) => {
        side.http
          .get(`http://${KERNEL_SIDE.v4}:${PORTS.proxy}/item/${n}`, { agent }, (response) => {
            let text = ''
            response.setEncoding('utf8').on('data', (piece) => (text += piece))
            response.on('end', () => resolve(text))
          })
          .on('error', reject)
      })
    const texts = await Promise.all(Array.from({ length: 400 }, (_, n) => ask(n)))
    expect(texts).toEqual(Array.from({ length: 400 }, (_, n) => itemText(n)))
    expect(web.connections - before).toBeLessThanOrEqual(KEPT)
    agent.destroy()
  })
})
