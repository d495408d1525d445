import { createHash } from 'node:crypto'
import { closeSync, readFileSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Stack, type TcpConnection, TxDescriptor } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { openTap, type TapDevice } from '../src/index.ts'
import type { Netns } from '../src/netns.ts'
import { openInterfaceFile } from '../src/sysfs.ts'
import { inNetns, runNode, whyNoKernel } from './kernel.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`tests of merging by the kernel are skipped: ${reason}`)

const SCHED_BATCH = 3
const BYTES = 48 * 1024 * 1024

/** What stands in a file of the interface in sysfs. */
function setting(netns: Netns, name: string): string {
  const fd = netns.run(() => openInterfaceFile(name, 'threaded'))
  const bytes = Buffer.alloc(16)
  const length = readSync(fd, bytes, 0, bytes.length, 0)
  closeSync(fd)
  return bytes.toString('latin1', 0, length).trim()
}

/** The kernel's threads for interfaces, and how each is scheduled (proc(5): field 41 of stat). Empty in a container. */
function threads(): Map<string, number> {
  const policies = new Map<string, number>()
  for (const pid of childrenOfKthreadd()) {
    const [, name, rest] = /\((.*)\) (.*)/.exec(statOf(pid)) ?? []
    if (name?.startsWith('napi/')) policies.set(pid, Number(rest?.split(' ')[38]))
  }
  return policies
}

/** '' when it has ended meanwhile. */
function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return ''
  }
}

function childrenOfKthreadd(): string[] {
  if (readFileSync('/proc/2/comm', 'latin1').trim() !== 'kthreadd') return []
  return readFileSync('/proc/2/task/2/children', 'latin1').trim().split(' ')
}

/** Sends a pattern to whoever connects. @returns its hash */
function servePattern(stack: Stack): string {
  const pattern = new Uint8Array(1 << 20)
  for (let i = 0; i < pattern.length; i++) pattern[i] = (i * 131 + (i >> 8) * 7) & 0xff
  const hash = createHash('sha256')
  for (let sent = 0; sent < BYTES; sent += pattern.length) hash.update(pattern)
  let left = BYTES
  const pump = (connection: TcpConnection): void => {
    while (left > 0) {
      const start = (BYTES - left) % pattern.length
      const taken = connection.write(pattern, start)
      left -= taken
      if (taken < pattern.length - start) return
    }
    connection.shutdown()
  }
  stack.tcp.listen(
    { port: 19, backlog: 8 },
    {
      onConnection: (listener) => {
        const connection = listener.accept()
        if (connection === null) return
        connection.handler = { onWritable: pump, onReadable: () => {} }
        pump(connection)
      },
    },
  )
  return hash.digest('hex')
}

/** Long frames that nobody wants, of an EtherType for experiments, as many as a turn lets out. */
async function flood(tap: TapDevice, stack: Stack): Promise<void> {
  const frame = new TxDescriptor(stack.memory)
  const block = stack.memory.allocate(2048)
  stack.memory.u8.fill(0, block, block + 2048)
  stack.memory.u8.set([0x88, 0xb5], block + 16 + 12)
  frame.headOffset = block + 16
  frame.headLength = 1514
  for (let i = 0; i < 512; i++) tap.transmit(frame)
  stack.memory.free(block)
  await new Promise(setImmediate)
}

const CLIENT = `
  const hash = require('crypto').createHash('sha256')
  require('net').connect(19, '10.77.0.2').on('data', (data) => hash.update(data))
    .on('end', () => console.log(hash.digest('hex')))`

describe.skipIf(reason !== null)('a device without offloads whose frames the kernel merges', () => {
  it('has a thread of the kernel while much is sent, which waits for its turn, and the right bytes', async (context) => {
    await inNetns(async (netns) => {
      const tap = await openTap({ netns, hostAddresses: ['10.77.0.1/24'], offload: false, gro: true })
      const stack = new Stack()
      stack.addInterface(tap, { addresses: ['10.77.0.2/24'] })
      try {
        if (!tap.gro) {
          console.log('the kernel or the C library is too old to be had to merge: skipped')
          context.skip()
        }
        expect(setting(netns, tap.name)).toBe('0')
        const before = threads()
        // A machine that is busy elsewhere may take its time for so many.
        for (let i = 0; i < 500 && setting(netns, tap.name) !== '1'; i++) await flood(tap, stack)
        expect(setting(netns, tap.name)).toBe('1')
        const made = [...threads()].filter(([pid]) => !before.has(pid))
        if (made.length === 0)
          console.log('threads of the kernel cannot be seen here: their policy is not looked at')
        else expect(made[0]?.[1]).toBe(SCHED_BATCH)
        const expected = servePattern(stack)
        expect(await runNode(netns, CLIENT).line()).toBe(expected)
        for (let i = 0; i < 100 && setting(netns, tap.name) !== '0'; i++) await sleep(50)
        expect(setting(netns, tap.name)).toBe('0')
      } finally {
        await stack.close()
      }
    })
  }, 30_000)

  it('is not told of where nothing merges', async () => {
    await inNetns(async (netns) => {
      const tap = await openTap({ netns, offload: false })
      expect(tap.gro).toBe(false)
      await tap.close()
    })
  })
})
