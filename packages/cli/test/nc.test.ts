import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { run, start } from './support.ts'

const V = '--virtual'

describe('tapwire nc', () => {
  it.for(['10.77.0.1', 'fd77::1'])('talks TCP with %s, and each way ends for itself', async (host) => {
    // Echo sends back until our FIN; the answer comes after it.
    expect(await run(['nc', host, '7', V], 'one\ntwo\n')).toEqual({ status: 0, out: 'one\ntwo\n', err: '' })
  })

  it('says a request, and hears all of the answer', async () => {
    const { status, out } = await run(['nc', '10.77.0.1', '80', V], 'GET / HTTP/1.0\r\n\r\n')
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n[\s\S]*<h1>Frames in, sockets out<\/h1>/),
    ])
  })

  it('ends with the other side where somebody sits at a terminal', async () => {
    const nc = start(['nc', '10.77.0.1', '80', V], {}, { isTTY: true })
    nc.write('GET / HTTP/1.0\r\n\r\n')
    expect(await nc.ended).toMatchObject({ status: 0, out: expect.stringMatching(/<\/p>\n$/) })
  })

  it('goes on reading when its input has ended (chargen does not stop), until Ctrl-C', async () => {
    const nc = start(['nc', '10.77.0.1', '19', V])
    await nc.said(/ !"#\$%&'/)
    nc.interrupt()
    const { status, out } = await nc.ended
    expect(status).toBe(130)
    expect(out.split('\r\n')[1]).toHaveLength(72)
  })

  it('moves a megabyte both ways', async () => {
    const text = 'x'.repeat(1 << 20)
    expect((await run(['nc', '10.77.0.1', '7', V], text)).out).toBe(text)
  })

  it('talks UDP, a datagram for each piece', async () => {
    const nc = start(['nc', '-u', '10.77.0.1', '7', V, '-w', '0.2', '--dump'])
    nc.write('hello')
    await nc.said(/hello/)
    nc.write('again')
    await nc.said(/again/)
    nc.endInput()
    const { status, out, err } = await nc.ended
    expect([status, out]).toEqual([0, 'helloagain'])
    expect(err).toMatch(/UDP 10\.77\.0\.2:\d+ > 10\.77\.0\.1:7 len=5/)
  })

  it('a UDP port where nobody listens refuses', async () => {
    const { status, err } = await run(['nc', '-u', '10.77.0.1', '9', V], 'x')
    expect([status, err]).toEqual([1, expect.stringMatching(/^tapwire: .*ECONNREFUSED/)])
  })

  it('-l takes one connection, through the door of a network in memory', async () => {
    const nc = start(['nc', '-l', '9000', V, '-v'])
    const [, port] = await nc.said(/nc 127\.0\.0\.1 (\d+)/)
    const socket = connect(Number(port), '127.0.0.1')
    let heard = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text
    })
    socket.end('from outside')
    await nc.said(/from outside/)
    nc.write('from inside')
    nc.endInput()
    await once(socket, 'end')
    expect(heard).toBe('from inside')
    const { status, out, err } = await nc.ended
    expect([status, out]).toEqual([0, 'from outside'])
    expect(err).toMatch(/connected: \S+ port 9000, to \S*10\.77\.0\.1 port \d+/)
  })

  it('-l -k goes on with the next one', async () => {
    const nc = start(['nc', '-l', '-k', '9000', V])
    const [, port] = await nc.said(/nc 127\.0\.0\.1 (\d+)/)
    nc.endInput()
    for (const word of ['first', 'second']) {
      connect(Number(port), '127.0.0.1').end(word)
      await nc.said(new RegExp(word))
    }
    nc.interrupt()
    expect(await nc.ended).toMatchObject({ status: 130, out: 'firstsecond' })
  })

  it('-l -k: who comes meanwhile waits', async () => {
    const nc = start(['nc', '-l', '-k', '9000', V, '-v'])
    const [, port] = await nc.said(/nc 127\.0\.0\.1 (\d+)/)
    nc.endInput()
    const first = connect(Number(port), '127.0.0.1')
    await nc.said(/connected: /)
    connect(Number(port), '127.0.0.1').end('second')
    first.end('first')
    await nc.said(/second/)
    nc.interrupt()
    expect(await nc.ended).toMatchObject({ status: 130, out: 'firstsecond' })
  })

  it('-w gives up', async () => {
    const nc = start(['nc', '10.77.0.1', '9', V, '-w', '0.1'])
    expect(await nc.ended).toEqual({ status: 1, out: '', err: 'tapwire: nothing was heard for 0.1 s\n' })
  })

  it('-z tells which ports take connections', async () => {
    const { status, out } = await run(['nc', '-z', '10.77.0.1', '1-25', '80', V])
    expect([status, out.trimEnd().split('\n').sort()]).toEqual([
      0,
      ['10.77.0.1 19 open', '10.77.0.1 7 open', '10.77.0.1 80 open', '10.77.0.1 9 open'],
    ])
    expect((await run(['nc', '-z', '10.77.0.1', '20-25', V])).status).toBe(1)
    expect((await run(['nc', '-z', '-v', '10.77.0.1', '20', V])).out).toBe('10.77.0.1 20 closed\n')
  })
})
