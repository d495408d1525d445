import { type EventEmitter, once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { RecordingReader } from '@tapwire/lab'
import { expect, it } from 'vitest'
import { kernelObstacle, kernelSuite } from '../../../test/support/kernel.ts'
import { folder, start } from './support.ts'

// What `ws` is to the page's socket is a dependency of the lab.
const { WebSocket } = createRequire(new URL('../../lab/package.json', import.meta.url))('ws') as WsModule

interface WsModule {
  readonly WebSocket: new (url: URL, options: { readonly origin: string }) => EventEmitter
}

kernelSuite('tapwire lab --tap', kernelObstacle(['curl']), () => {
  it('shows the connection of a real curl: its SYN, what it asked, what it got, and its end', async () => {
    const netns = `twlab-${process.pid}`
    const page = join(folder, 'page')
    mkdirSync(page)
    writeFileSync(join(page, 'index.html'), 'the page of the lab')
    const go = join(folder, 'go')
    // curl waits until somebody looks.
    const peer = `while ! test -e ${go}; do sleep 0.05; done; curl -sS http://10.77.0.2/ && sleep 60`
    const lab = start(['lab', '--page', page, '--tap', 'tap0', '--netns', netns, '--peer', peer])
    const url = new URL((await lab.said(/^http:\S+(?=\n)/m))[0])
    const socket = new WebSocket(new URL('live', url.href.replace('http:', 'ws:')), { origin: url.origin })
    const reader = new RecordingReader()
    const { recording } = reader
    socket.on('message', (data) => reader.apply(String(data)))
    await once(socket, 'open')
    writeFileSync(go, '')
    const isOver = (): boolean =>
      recording.ends.some(({ samples }) => ['CLOSED', 'TIME-WAIT'].includes(samples.at(-1)?.state ?? ''))
    while (!isOver()) await once(socket, 'message')

    expect(recording.host).toBe('B')
    const [syn, synAck, ack, request, ...rest] = recording.segments.filter(({ flow }) => flow === 0)
    expect([syn.from, syn.flags, synAck.from, synAck.flags, ack.from, ack.flags]).toEqual([
      'A',
      'S',
      'B',
      'SA',
      'A',
      'A',
    ])
    expect([request.from, Buffer.from(request.frame).includes('GET / HTTP/1.1')]).toEqual(['A', true])
    const answer = rest.find(({ from, length }) => from === 'B' && length > 0)
    expect(answer?.label).toMatch(/^seq 1:\d+ ack \d+ win \d+$/)
    expect(
      rest
        .filter(({ flags }) => flags.includes('F'))
        .map(({ from }) => from)
        .sort(),
    ).toEqual(['A', 'B'])
    // The ladder's other half: what the stack itself decided.
    const states = recording.events.flatMap(({ event }) => (event.kind === 'state' ? [event.to] : []))
    expect(states).toEqual(expect.arrayContaining(['ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK']))

    // The page itself, from the same door.
    expect(await (await fetch(url)).text()).toBe('the page of the lab')
    expect((await fetch(new URL('/', url))).status).toBe(404)
    lab.interrupt()
    const { status, out } = await lab.ended
    expect([status, out]).toEqual([130, expect.stringContaining('<h1>Frames in, sockets out</h1>')])
    expect(existsSync(`/run/netns/${netns}`)).toBe(false)
  })
})
