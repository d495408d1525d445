import { channel, tracingChannel } from 'node:diagnostics_channel'

/** Node's own channels: what watches its sockets and servers sees these, too. */
const clientSocket = channel('net.client.socket')
const serverSocket = channel('net.server.socket')
const serverListen = tracingChannel('net.server.listen')

export function publishClientSocket(socket: object): void {
  if (clientSocket.hasSubscribers) clientSocket.publish({ socket })
}

export function publishServerSocket(socket: object): void {
  if (serverSocket.hasSubscribers) serverSocket.publish({ socket })
}

export const listenTrace = {
  started(server: object, options: object): void {
    if (serverListen.asyncStart.hasSubscribers) serverListen.asyncStart.publish({ server, options })
  },
  done(server: object): void {
    if (serverListen.asyncEnd.hasSubscribers) serverListen.asyncEnd.publish({ server })
  },
  failed(server: object, error: Error): void {
    if (serverListen.error.hasSubscribers) serverListen.error.publish({ server, error })
  },
}
