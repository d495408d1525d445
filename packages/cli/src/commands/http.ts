import { once } from 'node:events'
import { statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { resolve } from 'node:path'
import { createHttp } from '@tapwire/net-api'
import { usageFailure } from '../failure.ts'
import { curlCommand } from '../http/curl-command.ts'
import { folderHandler } from '../http/serve-folder.ts'
import { tellHowToReach } from '../nc/tcp.ts'
import { inWorld } from '../session.ts'
import { paintFor, say, type Terminal } from '../terminal.ts'
import { readWorldOptions } from '../world/options.ts'

interface HttpOptions {
  readonly port: number
  readonly list: boolean
  readonly quiet?: boolean
}

/** `tapwire http`: serves until Ctrl-C, or until the program of --peer has ended. */
export async function http(
  terminal: Terminal,
  [folder = '.']: readonly string[],
  given: object,
): Promise<number> {
  const options = given as HttpOptions
  const root = resolve(folder)
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw usageFailure(`there is no folder ${folder}`)
  const world = readWorldOptions(given, { offload: true })
  const paint = paintFor(terminal.stderr, terminal.env)
  return inWorld(terminal, world, { command: `http ${folder}` }, async (session) => {
    const handler = folderHandler(root, { list: options.list })
    const server = createHttp(session.world.stack).createServer((request, response) => {
      if (!options.quiet)
        response.on('close', () => {
          const { statusCode } = response
          const status = paint(statusCode < 400 ? 'green' : 'red', String(statusCode))
          say(
            terminal.stderr,
            `${clientOf(request)} ${request.method} ${JSON.stringify(request.url)} ${status}`,
          )
        })
      handler(request, response)
    })
    server.listen(options.port)
    await once(server, 'listening')
    await tellHowToReach(session, options.port, curlCommand)
    try {
      return await session.serve()
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
}

/** Without the beginning that IPv4 addresses have on a socket of both families. */
function clientOf({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? 'somebody').replace(/^::ffff:/, '')
}
