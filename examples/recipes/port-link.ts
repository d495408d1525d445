import type { MessagePort } from 'node:worker_threads'
import {
  type FrameSink,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'

/** A link of IP packets through a MessagePort: the other end may be in another thread, and is another PortLink. */
export class PortLink implements LinkDevice {
  readonly medium = 'ip'
  readonly mtu = 1500
  readonly capabilities = NO_OFFLOADS
  readonly #port: MessagePort
  readonly #frame = new RxFrame()

  constructor(port: MessagePort) {
    this.#port = port
  }

  attach(sink: FrameSink): void {
    // Frames have to lie in the stack's memory: one block for the one that comes in.
    const block = sink.memory.allocate(2048)
    const frame = this.#frame
    this.#port.on('message', (packet: Uint8Array) => {
      if (packet.length > this.mtu) return
      sink.memory.copyIn(block, packet)
      frame.offset = block
      frame.length = packet.length
      sink.onFrame(frame)
      sink.onBurstEnd()
    })
    this.#port.once('close', () => {
      sink.memory.free(block)
      sink.onClosed(null)
    })
  }

  transmit(frame: TxDescriptor): TransmitResult {
    // Headers in one piece, payload in up to two: the send ring may wrap.
    const packet = new Uint8Array(frame.length)
    const { memory, headLength, payloadLength } = frame
    packet.set(memory.copyOut(frame.headOffset, headLength))
    packet.set(memory.copyOut(frame.payloadOffset, payloadLength), headLength)
    packet.set(memory.copyOut(frame.payload2Offset, frame.payload2Length), headLength + payloadLength)
    this.#port.postMessage(packet)
    return TransmitResult.Sent
  }

  flush(): void {}

  async close(): Promise<void> {
    this.#port.close()
  }
}
