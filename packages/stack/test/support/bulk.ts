import { parseAddress, type Stack, type TcpConnection } from '../../src/index.ts'

/** A transfer that never ends. */
export interface Bulk {
  /** The sender's end. */
  readonly connection: TcpConnection
  /** Bytes that the receiving application has read. */
  received: number
}

const CHUNK = new Uint8Array(256 * 1024).fill(7)

/** One stack sends to another as much as TCP takes, and the other reads at once. @param remote the receiver's address */
export function startBulk(sender: Stack, receiver: Stack, remote: string, port = 7): Bulk {
  const address = parseAddress(remote)
  if (address === null) throw new Error(`${remote} is no address`)
  const listener = receiver.tcp.listen(
    { port },
    {
      onConnection: () => {
        const accepted = listener.accept()
        if (accepted === null) throw new Error('Nothing to accept')
        accepted.handler = { onReadable: (c) => drain(c, bulk) }
      },
    },
  )
  const connection = sender.tcp.connect({ address, port }, { onConnect: fill, onWritable: fill })
  const bulk: Bulk = { connection, received: 0 }
  return bulk
}

function fill(connection: TcpConnection): void {
  while (connection.write(CHUNK) === CHUNK.length);
}

function drain(connection: TcpConnection, bulk: Bulk): void {
  for (let n = connection.peek(); n > 0; n = connection.peek()) {
    connection.consume(n)
    bulk.received += n
  }
}
