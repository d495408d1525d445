import type { IpAddress, UdpSocket } from '@tapwire/stack'
import type { Turns } from '../turns.ts'
import { codeOf } from './errors.ts'

/** A datagram, and who is told what became of it. */
export interface SendRequest {
  readonly bytes: Uint8Array
  readonly target: { readonly address: IpAddress; readonly port: number } | undefined
  readonly done: (code: string | null, size: number) => void
}

/** Datagrams that the device had no room for, in order. */
export class WaitingSends {
  readonly #turns: Turns
  readonly #requests: SendRequest[] = []
  /** Of all of them. */
  bytes = 0

  constructor(turns: Turns) {
    this.#turns = turns
  }

  get count(): number {
    return this.#requests.length
  }

  push(request: SendRequest): void {
    this.#requests.push(request)
    this.bytes += request.bytes.length
  }

  /** There is room again. */
  resume(socket: UdpSocket): void {
    while (this.#requests.length > 0) {
      const sent = trySend(socket, this.#requests[0])
      if (sent === false) return
      this.#settleFirst(sent === true ? null : sent)
    }
  }

  cancel(): void {
    while (this.#requests.length > 0) this.#settleFirst('ECANCELED')
  }

  #settleFirst(code: string | null): void {
    const { bytes, done } = this.#requests.shift() as SendRequest
    this.bytes -= bytes.length
    this.#turns.post({ serve: () => done(code, bytes.length) })
  }
}

/** @returns false when the device is full */
export function trySend(socket: UdpSocket, { bytes, target }: SendRequest): boolean | string {
  let sent = false
  const code = codeOf(() => {
    sent = socket.send(bytes, target)
  })
  return code === 0 ? sent : code
}
