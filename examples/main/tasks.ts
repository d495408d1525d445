/** What the client side of the wire can be asked to do. One implementation is Node on the kernel, one is a second stack. */
export interface ClientTasks {
  ping(address: string): Promise<PingReport>
  fetchPage(address: string): Promise<PageReport>
  upload(address: string, bytes: number, onProgress: Progress): Promise<TransferReport>
  download(address: string, bytes: number, onProgress: Progress): Promise<TransferReport>
  echo(address: string, connections: number): Promise<EchoReport>
}

/** Bytes that have gone so far. */
export type Progress = (bytes: number) => void

export interface PingReport {
  /** Round trips in milliseconds: the shortest, and the mean, which has the first one's address resolution in it. */
  readonly least: number
  readonly mean: number
  readonly sent: number
  readonly answered: number
  /** The program that did it. */
  readonly by: string
}

export interface PageReport {
  readonly status: number
  readonly body: string
  readonly by: string
}

export interface TransferReport {
  readonly bytes: number
  /** SHA-256 of what arrived, as the receiver saw it, in hexadecimal. */
  readonly sha256: string
  readonly seconds: number
  readonly by: string
}

export interface EchoReport {
  /** Connections that were open at the same time. */
  readonly open: number
  /** Connections that got back exactly what they sent. */
  readonly correct: number
  readonly seconds: number
  readonly by: string
}

/** How often is pinged. */
export const PINGS = 5

export const HTTP_PORT = 80
export const ECHO_PORT = 7

/** An address as it stands in a URL. */
export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
