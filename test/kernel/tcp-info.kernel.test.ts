import { Stack, type TcpInfo } from '@tapwire/stack'
import { createNetns, openTap } from '@tapwire/tap-driver'
import { expect, it } from 'vitest'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { mustRun } from '../../examples/shared/programs.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

const SIZE = 100_000

/** Sends, reads the echo, lets delayed ACKs pass, and prints its socket's TCP_INFO in hexadecimal, and then closes. */
const CLIENT = `
import socket, sys, time
s = socket.create_connection((sys.argv[1], 7))
size = int(sys.argv[2])
s.sendall(b'x' * size)
total = 0
while total < size:
    total += len(s.recv(65536))
time.sleep(0.3)
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256).hex(), flush=True)
s.shutdown(socket.SHUT_WR)
s.recv(1)
`

kernelSuite(
  'info() and the TCP_INFO of the kernel at the other end',
  kernelObstacle(['ip', 'python3']),
  () => {
    it.each(['v4', 'v6'] as const)('agree on what went between them, %s', async (family) => {
      const netns = createNetns()
      const hostAddresses = [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`]
      // Without offload both count the segments that are on the wire.
      const tap = await openTap({ name: 'tap0', hostAddresses, netns, offload: false })
      const stack = new Stack()
      try {
        stack.addInterface(tap, { addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`] })
        const ours: TcpInfo[] = []
        const bytes = new Uint8Array(SIZE)
        const listener = stack.tcp.listen(
          { port: 7 },
          {
            onConnection: () => {
              listener.accept()!.handler = {
                onReadable: (connection) => {
                  connection.write(bytes.subarray(0, connection.read(bytes)))
                  if (!connection.ended) return
                  ours.push(connection.info())
                  connection.close()
                },
              }
            },
          },
        )
        const { stdout } = await mustRun('python3', ['-c', CLIENT, STACK_SIDE[family], String(SIZE)], {
          spawn: (...args) => netns.spawn(...args),
        })
        const raw = Buffer.from(stdout.trim(), 'hex')
        const [info] = ours
        const u32 = (at: number): number => raw.readUInt32LE(at)
        const u64 = (at: number): number => Number(raw.readBigUInt64LE(at))
        expect(u64(128), 'tcpi_bytes_received').toBe(info.bytesSent - info.bytesRetransmitted)
        expect(u64(128)).toBe(SIZE)
        // Linux counts its SYN as a byte.
        expect(u64(120) - 1, 'tcpi_bytes_acked').toBe(info.bytesReceived)
        // TIMESTAMPS, SACK, WSCALE.
        expect(raw[5] & 7).toBe(7)
        expect(info).toMatchObject({ timestamps: true, sackPermitted: true })
        expect(raw[6] & 15, 'tcpi_snd_wscale').toBe(info.rcvWscale)
        expect(raw[6] >>> 4, 'tcpi_rcv_wscale').toBe(info.sndWscale)
        // Linux has the options of an ordinary segment subtracted.
        expect(u32(16), 'tcpi_snd_mss').toBe(info.rcvMss)
        expect(u32(16) + 12).toBe(info.sndMss)
        expect(u32(60), 'tcpi_pmtu').toBe(info.pathMtu)
        expect(u32(152), 'tcpi_data_segs_in').toBe(info.dataSegmentsOut)
        expect(u32(156), 'tcpi_data_segs_out').toBe(info.dataSegmentsIn)
        // Here the SYN-ACK was a half-open record's; the FIN has come since.
        expect(u32(140) - 1, 'tcpi_segs_in').toBe(info.segmentsOut)
        expect(u32(136) - 1 + 1, 'tcpi_segs_out').toBe(info.segmentsIn)
        expect(u32(100), 'tcpi_total_retrans').toBe(0)
        expect(info).toMatchObject({ retransmits: 0, unacked: 0, inFlight: 0 })
        if (raw.length >= 216) expect(u64(200), 'tcpi_bytes_sent').toBe(info.bytesReceived)
        // The FIN has taken one off since.
        if (raw.length >= 232) expect(u32(228), 'tcpi_snd_wnd').toBe(info.rcvWnd + 1)
      } finally {
        await stack.close()
        await tap.close()
        netns.close()
      }
    })
  },
)
