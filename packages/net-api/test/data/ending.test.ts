import { once } from 'node:events'
import { afterAll, describe, expect, test } from 'vitest'
import {
  connectedPair,
  drained,
  endPair,
  fieldsOf,
  gone,
  logged,
  pattern,
  settled,
} from '../support/helpers.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException | null | undefined)?.code

describe.each(worlds)('$name: data', (world) => {
  test('NF-04, NF-08, NF-17 order of a normal end', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['end', 'finish', 'close', 'error'])
    pair.here.resume()
    pair.there.resume()
    expect(pair.here.end('bye', () => log.push('end callback'))).toBe(pair.here)
    await gone(pair.here)
    expect(log.toSorted()).toEqual(['close false', 'end', 'end callback', 'finish'])
    expect(log.indexOf('finish')).toBeLessThan(log.indexOf('end'))
    expect(log.at(-1)).toBe('close false')
    await endPair(pair)
  })

  test('NF-06 a FIN of the peer ends both sides', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['end', 'finish', 'close', 'error'])
    pair.there.resume()
    pair.here.resume()
    pair.here.end()
    await gone(pair.there)
    expect(log).toEqual(['end', 'finish', 'close false'])
    await endPair(pair)
  })

  test('NF-06 without a reader there is no end', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['end', 'close'])
    pair.here.end('unread')
    await settled()
    expect(log).toEqual([])
    pair.there.resume()
    pair.here.resume()
    await gone(pair.there)
    expect(log).toEqual(['end', 'close false'])
    await endPair(pair)
  })

  test('NM-02, NF-07, NF-29 half-open', async () => {
    const pair = await connectedPair(world, { allowHalfOpen: true })
    const log = logged(pair.there, ['end', 'finish', 'close'])
    const received = drained(pair.here)
    pair.there.resume()
    pair.here.end('question')
    await once(pair.there, 'end')
    await settled()
    expect(log).toEqual(['end'])
    expect(pair.there.readyState).toBe('writeOnly')
    expect(pair.here.readyState).toBe('readOnly')
    for (let i = 0; i < 3; i++) {
      pair.there.write(`answer ${i} `)
      await settled(3)
    }
    const over = gone(pair.there)
    pair.there.end('end')
    expect(String(await received)).toBe('answer 0 answer 1 answer 2 end')
    await over
    expect(log).toEqual(['end', 'finish', 'close false'])
    expect(pair.there.readyState).toBe('closed')
    await endPair(pair)
  })

  test('NF-09 writing after the own end', async () => {
    const pair = await connectedPair(world)
    const { here } = pair
    const log = logged(here, ['error', 'close'])
    pair.there.resume()
    here.end()
    here.write('late', (error) => log.push(`write ${codeOf(error)}`))
    await gone(here)
    expect(log.toSorted()).toEqual([
      'close true',
      'error ERR_STREAM_WRITE_AFTER_END',
      'write ERR_STREAM_WRITE_AFTER_END',
    ])
    await endPair(pair)
  })

  test('NF-10 writing inside the end handler, and after it', async () => {
    const pair = await connectedPair(world)
    const { here, there } = pair
    const log = logged(there, ['error', 'finish', 'close'])
    const received = drained(here)
    const over = gone(there)
    there.resume()
    there.on('end', () => {
      there.write('last words')
      setImmediate(() => {
        expect(there.write('too late', (error) => log.push(`write ${codeOf(error)} ${error?.message}`))).toBe(
          false,
        )
      })
    })
    here.end()
    expect(String(await received)).toBe('last words')
    await over
    await settled()
    expect(log).toContain('write EPIPE This socket has been ended by the other party')
    await endPair(pair)
  })

  test('NF-11 writing after destroy', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['error', 'close'])
    pair.here.destroy()
    pair.here.write('x', (error) => log.push(`write ${codeOf(error)}`))
    await gone(pair.here)
    await settled()
    expect(log.toSorted()).toEqual(['close false', 'write ERR_STREAM_DESTROYED'])
    await endPair(pair)
  })

  test('NF-12, NF-16, NF-18, NE-05 a reset', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['data', 'end', 'error', 'close'])
    const mine = logged(pair.here, ['error', 'close'])
    pair.there.resume()
    const failed = once(pair.there, 'error')
    expect(pair.here.resetAndDestroy()).toBe(pair.here)
    const [error] = await failed
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: 'read ECONNRESET',
      errno: -104,
      code: 'ECONNRESET',
      syscall: 'read',
    })
    await settled()
    expect(log).toEqual(['error ECONNRESET', 'close true'])
    expect(mine).toEqual(['close false'])
  })

  test('NF-13, NE-07 writing into a reset connection', async () => {
    const pair = await connectedPair(world, { pauseOnConnect: true })
    pair.here.resetAndDestroy()
    await settled()
    const failed = once(pair.there, 'error')
    pair.there.write('x')
    pair.there.write('y')
    const [error] = await failed
    expect(['EPIPE', 'ECONNRESET']).toContain(error.code)
    expect(['write', 'read']).toContain(error.syscall)
    await endPair(pair)
  })

  test('NF-14 destroy with unread data resets, without it ends', async () => {
    const unread = await connectedPair(world, { pauseOnConnect: true })
    unread.here.write('never read')
    const log = logged(unread.here, ['end', 'error', 'close'])
    unread.here.resume()
    await settled()
    unread.there.destroy()
    await gone(unread.here)
    expect(log).toEqual(['error ECONNRESET', 'close true'])

    const clean = await connectedPair(world)
    const cleanLog = logged(clean.here, ['end', 'error', 'close'])
    clean.here.resume()
    expect(clean.there.destroy()).toBe(clean.there)
    await gone(clean.here)
    expect(cleanLog).toEqual(['end', 'close false'])
  })

  test('NF-14, NF-18 destroy with an error', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['error', 'end', 'close'])
    pair.here.resume()
    pair.here.destroy(new Error('enough'))
    pair.here.destroy(new Error('twice'))
    await gone(pair.here)
    expect(log).toEqual(['error enough', 'close true'])
    await endPair(pair)
  })

  test('NF-15 destroySoon sends what was written', async () => {
    const pair = await connectedPair(world)
    const received = drained(pair.there)
    pair.here.write(pattern(200_000))
    pair.here.destroySoon()
    expect((await received).length).toBe(200_000)
    await endPair(pair)
  })

  test('NF-14 destroy after a write that was handed over still delivers it', async () => {
    const pair = await connectedPair(world)
    const received = drained(pair.there)
    pair.here.write('delivered', () => pair.here.destroy())
    expect(String(await received)).toBe('delivered')
    await endPair(pair)
  })
})
