import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { createNet, type TapwireNet } from '@tapwire/net-api'
import { type LinkDevice, Stack, type TcpSettings } from '@tapwire/stack'
import { createNetns, type Netns, openTap, type TapDevice, type TapOptions } from '@tapwire/tap-driver'
import { type Finished, mustRun } from '../../examples/shared/programs.ts'

export interface RoutedSide {
  readonly tap?: Omit<TapOptions, 'netns' | 'hostAddresses' | 'name'>
  readonly wrap?: (device: LinkDevice) => LinkDevice
  readonly tcp?: TcpSettings
}

/** A stack at one of the router's links. */
export interface RoutedEnd {
  readonly tap: TapDevice
  readonly stack: Stack
  readonly net: TapwireNet
  readonly v4: string
  readonly v6: string
}

/**
 * Two stacks with the kernel between them as a router, in a namespace of its own: what one sends as super-frames the kernel
 * forwards, whole where the other link takes them and in segments where it does not, and answers itself where a link is too narrow.
 */
export class Routed {
  readonly netns: Netns
  readonly a: RoutedEnd
  readonly b: RoutedEnd

  private constructor(netns: Netns, a: RoutedEnd, b: RoutedEnd) {
    this.netns = netns
    this.a = a
    this.b = b
  }

  static async open(sides: { a?: RoutedSide; b?: RoutedSide } = {}): Promise<Routed> {
    const netns = createNetns()
    const ends: RoutedEnd[] = []
    try {
      for (const [index, side] of [sides.a ?? {}, sides.b ?? {}].entries()) {
        ends.push(await openEnd(netns, index, side))
      }
      const routed = new Routed(netns, ends[0], ends[1])
      await routed.run('sh', [
        '-c',
        'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
      ])
      return routed
    } catch (error) {
      for (const { stack } of ends) await stack.close()
      netns.close()
      throw error
    }
  }

  /** Runs a program on the router. @throws Error with what it said, when it does not end with 0 */
  run(command: string, args: readonly string[]): Promise<Finished> {
    return mustRun(command, args, {
      spawn: (program, words, options) => this.netns.spawn(program, words, options),
    })
  }

  /** A connection from a to b: both its ends. */
  async connect(version: 'v4' | 'v6', port = 7): Promise<{ a: Socket; b: Socket; server: Server }> {
    const server = this.b.net.createServer({ allowHalfOpen: true })
    server.listen(port)
    await once(server, 'listening')
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const a = this.a.net.connect({ host: this.b[version], port, allowHalfOpen: true })
    await once(a, 'connect')
    const [b] = await accepted
    server.close()
    return { a, b, server }
  }

  async close(): Promise<void> {
    await Promise.all([this.a.stack.close(), this.b.stack.close()])
    this.netns.close()
  }
}

async function openEnd(netns: Netns, index: number, side: RoutedSide): Promise<RoutedEnd> {
  const [four, six] = [`10.77.${index}`, `fd77:${index}:`]
  const tap = await openTap({
    ...side.tap,
    name: `tap${index}`,
    netns,
    hostAddresses: [`${four}.1/24`, `${six}:1/64`],
  })
  const stack = new Stack(side.tcp === undefined ? {} : { tcp: side.tcp })
  stack.addInterface(side.wrap?.(tap) ?? tap, {
    addresses: [`${four}.2/24`, `${six}:2/64`],
    gateway: [`${four}.1`, `${six}:1`],
  })
  return { tap, stack, net: createNet(stack), v4: `${four}.2`, v6: `${six}:2` }
}
