import type { Socket } from 'node:net'
import { CANNOT_TAKE_PARAMETERS, ProtocolError, State, stateName } from './protocol.ts'
import { take } from './take.ts'

/** Bytes. iperf3's own bound for parameters; its results have none. */
export const MAX_PARAMS = 8 * 1024
export const MAX_RESULTS = 256 * 1024

/** The control connection: single bytes that are states, and JSON behind its length in four bytes. */
export class ControlChannel {
  readonly socket: Socket
  readonly #patience: number
  /** @param patience milliseconds for an answer that is due */
  constructor(socket: Socket, patience: number) {
    this.socket = socket
    this.#patience = patience
    socket.setNoDelay(true)
    // Whoever waits is told by `take`; in between nobody has to be.
    socket.on('error', () => {})
  }

  /** The next state, whatever it is. @param patience milliseconds; 0 waits for ever @param signal ends the waiting */
  async readState(patience = this.#patience, signal?: AbortSignal): Promise<number> {
    const byte = await take(this.socket, 1, patience, signal)
    return byte.readInt8()
  }

  /** @throws ProtocolError when another state comes */
  async expect(wanted: State): Promise<void> {
    const state = await this.readState()
    if (state === wanted) return
    throw new ProtocolError(`expected ${stateName(wanted)}, and ${await this.describe(state)} came`)
  }

  /** What a state that nobody wanted means. */
  async describe(state: number): Promise<string> {
    if (state === State.AccessDenied) return 'the answer that the server is busy'
    if (state !== State.ServerError) return stateName(state)
    const numbers = await take(this.socket, 8, this.#patience)
    return `the server's error ${numbers.readInt32BE()} (errno ${numbers.readInt32BE(4)})`
  }

  writeState(state: State): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.of(state & 0xff))
  }

  /** @throws ProtocolError for what is longer than `limit`, or no JSON */
  async readJson(limit: number): Promise<unknown> {
    const length = (await take(this.socket, 4, this.#patience)).readUInt32BE()
    if (length === 0 || length > limit) throw new ProtocolError(`JSON of ${length} bytes came`)
    const text = (await take(this.socket, length, this.#patience)).toString('utf8')
    try {
      return JSON.parse(text)
    } catch {
      throw new ProtocolError(`${length} bytes came that are no JSON`)
    }
  }

  writeJson(value: unknown): void {
    this.socket.write(encodeJson(value))
  }

  /** Tells the client why there is no test: what it cannot print, its user cannot know. */
  refuse(): void {
    const message = Buffer.alloc(9)
    message.writeInt8(State.ServerError, 0)
    message.writeInt32BE(CANNOT_TAKE_PARAMETERS, 1)
    if (!this.socket.destroyed) this.socket.end(message)
  }
}

export function encodeJson(value: unknown): Buffer {
  const text = JSON.stringify(value)
  const message = Buffer.alloc(4 + Buffer.byteLength(text))
  message.writeUInt32BE(message.length - 4)
  message.write(text, 4)
  return message
}
