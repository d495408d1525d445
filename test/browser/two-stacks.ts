// Runs in a page: two stacks over a cable, 1 MiB from one to the other, and a report to whoever served the page.
import { createCable, parseAddress, Stack, type TcpConnection } from '@tapwire/stack'

const SIZE = 1024 * 1024
const PORT = 7

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  // The browser gives at most 65,536 at a time.
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).join()
}

function makePair(): { server: Stack; client: Stack } {
  const [left, right] = createCable()
  const server = new Stack()
  const client = new Stack()
  server.addInterface(left, { addresses: ['10.0.0.1/24'] })
  client.addInterface(right, { addresses: ['10.0.0.2/24'] })
  return { server, client }
}

/** Accepts one connection. @returns what arrived on it, once the other side has sent its FIN */
function receive(stack: Stack): Promise<Uint8Array<ArrayBuffer>> {
  const received = new Uint8Array(SIZE + 1)
  let length = 0
  return new Promise((resolve) => {
    const onReadable = (connection: TcpConnection): void => {
      length += connection.read(received.subarray(length))
      if (!connection.ended || connection.readable > 0) return
      connection.close()
      resolve(received.slice(0, length))
    }
    stack.tcp.listen(
      { port: PORT },
      {
        onConnection(listener) {
          const connection = listener.accept()
          if (connection !== null) connection.handler = { onReadable }
        },
      },
    )
  })
}

/** Connects, writes as fast as the window lets it, and half-closes. */
function send(stack: Stack, bytes: Uint8Array): void {
  let at = 0
  const write = (connection: TcpConnection): void => {
    at += connection.write(bytes, at)
    if (at === bytes.length) connection.shutdown()
  }
  stack.tcp.connect(
    { address: parseAddress('10.0.0.1')!, port: PORT },
    { onConnect: write, onWritable: write },
  )
}

async function main(): Promise<object> {
  const { server, client } = makePair()
  const arriving = receive(server)
  const sent = randomBytes(SIZE)
  send(client, sent)
  const received = await arriving
  return {
    sent: sent.length,
    received: received.length,
    sameHash: (await sha256(sent)) === (await sha256(received)),
  }
}

const report = (result: object): void =>
  void fetch('/result', { method: 'POST', body: JSON.stringify(result) })

main().then(report, (error: unknown) => report({ error: String(error) }))
