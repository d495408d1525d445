import { describe, expect, it } from 'vitest'
import { MODERN, ORIGINS, Script } from './script.ts'

describe.each(ORIGINS)('handshake, $name', (origin) => {
  it('SEG-05 a SYN to a listener draws SYN-ACK with ACK = SEG.SEQ + 1', () => {
    const t = new Script(origin).listen()
    t.send({ flags: 'S', seq: 0, options: MODERN })
    t.expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
  })

  it('SEG-15 the handshake’s last ACK enters ESTABLISHED and the connection is offered', () => {
    const t = new Script(origin).established()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('SEG-09 an acceptable SYN-ACK is acknowledged and the application told', () => {
    const t = new Script(origin).connect()
    t.expect({ flags: 'S', seq: 0 })
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MODERN })
    t.expect({ flags: 'A', seq: 1, ack: 1, length: 0 }).silence()
    expect(t.events).toEqual(['connect'])
    expect(t.state).toBe('ESTABLISHED')
  })

  it('data goes both ways and the close is orderly', () => {
    const t = new Script(origin).established()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 })
    t.expect({ flags: 'A', seq: 1, ack: 101 })
    expect(t.readAll()).toHaveLength(100)
    t.connection.write(new Uint8Array(50))
    t.expect({ flags: 'PA', seq: 1, ack: 101, length: 50 })
    t.send({ flags: 'A', seq: 101, ack: 51 })
    t.connection.shutdown()
    t.expect({ flags: 'FA', seq: 51, ack: 101 })
    t.send({ flags: 'A', seq: 101, ack: 52 })
    expect(t.state).toBe('FIN-WAIT-2')
    t.send({ flags: 'FA', seq: 101, ack: 52 })
    t.expect({ flags: 'A', seq: 52, ack: 102 }).silence()
    expect(t.events).toEqual(['readable', 'finAcked', 'readable', 'close null'])
    expect(t.stack.tcp.sizes.timeWait).toBe(1)
  })
})
