import { createHttp } from '@tapwire/net-api'
import type { Bench } from '../../src/judge/bench.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, Flag, has, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { connectTo, PeerApp } from '../../src/judge/peer.ts'
import { distance, endOf } from '../../src/judge/wanted.ts'
import { type World, YOU } from '../../src/judge/world.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

const PORT = 80
const HOST = YOU.ip.join('.')
/** Some of its characters have two bytes, and three. */
const SMALL = 'Grüße über TCP: it works. ✓\n'
const MIB = 1 << 20

function largePage(lines: number): string {
  return Array.from({ length: lines }, (_, at) => `line ${at} of ${lines}\n`).join('')
}

/** What a client has got. */
interface Fetched {
  done: boolean
  status: number
  body: string
  error: NodeJS.ErrnoException | null
}

/** Has Node's http fetch the page over the peer's stack. */
function fetchPage(world: World): Fetched {
  const fetched: Fetched = { done: false, status: 0, body: '', error: null }
  const fail = (error: NodeJS.ErrnoException): void => {
    fetched.error ??= error
    fetched.done = true
  }
  createHttp(world.stack)
    .get({ host: HOST, port: PORT, path: '/', agent: false }, (response) => {
      fetched.status = response.statusCode ?? 0
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', fail)
      response.on('close', () => {
        fetched.body = Buffer.concat(pieces).toString()
        fetched.done = true
      })
    })
    .on('error', fail)
  return fetched
}

const toText = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)

/** Looks at what a client has got. @param missing what it is when nothing came */
function checkFetched(world: World, fetched: Fetched, page: string, missing: Mistake): void {
  const { status, body, error, done } = fetched
  if (done && error === null && status === 200 && body === page) return
  const expected = `status 200 and the page: ${toText(page)}`
  const actual = error ? `${error.code ?? error.name}: ${error.message}` : `status ${status}, ${toText(body)}`
  const what = 'The client has not got the page.'
  const fail = (mistake: Mistake): never => world.fail(mistake, { what, expected, actual })
  const yours = world.log.segments('you')
  if (!yours.some((frame) => has(frame, Flag.Syn))) fail('no-handshake')
  const sent = world.log.data('you').length
  if (missing === 'no-answer') {
    // Data after the end that Content-Length has promised.
    if (error?.code === 'HPE_CLOSED_CONNECTION') fail('wrong-length')
    if (error?.code?.startsWith('HPE_')) fail('not-http')
    if (status !== 0 && body !== page)
      fail(error || !done || body.length < page.length ? 'wrong-length' : 'wrong-page')
    if (sent === 0 && !acknowledged(world)) fail('not-acked')
  }
  if (error?.code?.startsWith('HPE_')) fail('not-http')
  fail(missing)
}

/** The learner has said that the request has come. */
function acknowledged(world: World): boolean {
  const request = world.log.data('peer')[0]
  return (
    request === undefined ||
    world.log.segments('you').some(({ tcp }) => distance(tcp.ack, endOf(request)) >= 0)
  )
}

/** Both directions must have been closed and acknowledged. */
function checkEnd(world: World): void {
  const fin = world.log.segments('you').find((frame) => has(frame, Flag.Fin))
  if (fin === undefined) {
    world.fail('no-fin' satisfies Mistake, {
      what: 'The page has come.',
      expected: 'a FIN of yours',
      actual: 'nothing',
    })
  }
  const peers = world.log.segments('peer').findLast((frame) => has(frame, Flag.Fin))
  if (peers === undefined) return
  const ack = endOf(peers)
  if (world.log.segments('you').some(({ tcp }) => tcp.ack === ack)) return
  world.fail('fin-not-acked' satisfies Mistake, {
    what: "The peer's FIN has come.",
    expected: `ACK ack=${ack}`,
    actual: describe(world.log.segments('you').at(-1)!),
  })
}

/** Nothing beyond the window, and nothing larger than the peer takes, for each connection on its own. */
function checkLimits(world: World, mss: number): void {
  const edges = new Map<number, number>()
  for (const frame of world.log.story()) {
    const { tcp } = frame
    if (frame.from === 'peer') {
      if (has(frame, Flag.Ack))
        edges.set(tcp.sourcePort, tcp.window === 0 ? tcp.ack + 1 : tcp.ack + tcp.window)
      continue
    }
    const fail = (mistake: Mistake, what: string, expected: string): never =>
      world.fail(mistake, { what, expected, actual: describe(frame as SegmentRecord), frame })
    const edge = edges.get(tcp.destinationPort)
    if (tcp.payload.length > mss) fail('too-large', `The peer's MSS is ${mss}.`, `at most ${mss} bytes`)
    if (edge === undefined || tcp.payload.length === 0) continue
    const end = tcp.seq + tcp.payload.length
    if (distance(end, edge) > 0)
      fail('ignores-window', 'This goes beyond the window.', `nothing beyond ${edge >>> 0}`)
  }
}

/** A client that says what the judge wants it to, in pieces. */
function requestInPieces(learner: Learner, bench: Bench): void {
  const world = bench.world()
  const app = new PeerApp()
  const text = new TextEncoder()
  learner.serve(world.wire, PORT, SMALL)
  connectTo(world.stack, PORT, app)
  world.run(200)
  app.write(text.encode('GET / HTTP/1.1\r\nHost: you\r\n'))
  world.run(500)
  const early = world.log.data('you')[0]
  if (early !== undefined) {
    const what = 'Of the request only "GET / HTTP/1.1\\r\\nHost: you\\r\\n" has come.'
    world.fail('answers-early' satisfies Mistake, {
      what,
      expected: 'nothing yet',
      actual: describe(early),
      frame: early,
    })
  }
  app.write(text.encode('Accept: */*\r\n\r'))
  world.run(500)
  app.write(text.encode('\n'))
  world.run(1000)
  const got = new TextDecoder().decode(app.received)
  if (got.endsWith(SMALL)) return
  const what = 'The request came in three pieces.'
  world.fail('one-piece-only' satisfies Mistake, { what, expected: 'the response', actual: toText(got) })
}

async function fetchOnce(
  learner: Learner,
  bench: Bench,
  page: string,
  missing: Mistake,
  lost: readonly number[] = [],
) {
  let count = -1
  const world = bench.world({
    latency: 5,
    impairment: { bandwidth: 100_000_000 },
    tcp: { receiveBuffer: 20_000, receiveBufferTuning: false },
    lose: ({ tcp }, from) =>
      from === 'you' &&
      tcp !== undefined &&
      !(tcp.flags & Flag.Syn) &&
      tcp.payload.length > 0 &&
      lost.includes(++count),
  })
  learner.serve(world.wire, PORT, page)
  const fetched = fetchPage(world)
  await world.play(() => fetched.done, 60_000)
  checkLimits(world, 1460)
  checkFetched(world, fetched, page, missing)
  await world.play(() => false, 5000)
  return world
}

async function severalClients(learner: Learner, bench: Bench): Promise<void> {
  const world = bench.world()
  learner.serve(world.wire, PORT, SMALL)
  const first = [fetchPage(world), fetchPage(world), fetchPage(world)]
  // Before the first SYN is sent again: who is served one after the other gets all of them in the end, too.
  await world.play(() => first.every(({ done }) => done), 900)
  for (const fetched of first) checkFetched(world, fetched, SMALL, 'one-connection')
  const later = fetchPage(world)
  await world.play(() => later.done, 900)
  checkFetched(world, later, SMALL, 'only-once')
}

export const judge: Judge<Learner> = {
  exports: ['serve'],
  cases: [
    {
      name: "Node's http client gets the page",
      run: async (learner, bench) => {
        const world = await fetchOnce(learner, bench, SMALL, 'no-answer')
        checkEnd(world)
      },
    },
    { name: 'the request comes in pieces', run: requestInPieces },
    {
      name: 'a page that is larger than the window',
      run: async (learner, bench) => {
        await fetchOnce(learner, bench, largePage(6000), 'no-answer')
      },
    },
    {
      name: 'a network that loses segments',
      run: async (learner, bench) => {
        await fetchOnce(learner, bench, largePage(2000), 'no-retransmission', [0, 5, 6, 19, 30])
      },
    },
    { name: 'several clients at once, and one later', run: severalClients },
  ],
  kernel: {
    name: "the kernel's curl gets the page, a small one and one of 200 KB",
    programs: ['curl', 'setpriv'],
    run: async (learner, bench) => {
      for (const [at, page] of [SMALL, largePage(10_000)].entries()) {
        const port = PORT + at
        learner.serve(bench.wire, port, page)
        const args = ['-sS', '--max-time', '8', `http://${bench.you.ip.join('.')}:${port}/`]
        for (let count = 0; count < 2; count++) {
          const { status, stdout, stderr } = await bench.run('curl', args, 10_000)
          if (status === 0 && stdout === page) continue
          const expected = `status 0, ${page.length} characters (${(page.length / MIB).toFixed(2)} MiB)`
          const actual = `status ${status}, ${stdout.length} characters. ${stderr.trim()}`
          bench.fail(
            'kernel-failed' satisfies Mistake,
            `This was run: curl ${args.join(' ')}`,
            expected,
            actual,
          )
        }
      }
    },
  },
}
