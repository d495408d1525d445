import { Memory } from '@tapwire/stack'
import type { Output } from '../commands/dump.ts'
import { say, type Terminal, untilInterrupted } from '../terminal.ts'
import { chooseAddresses } from '../world/addresses.ts'
import type { WorldOptions } from '../world/options.ts'
import { WatchedDevice } from '../world/watched-device.ts'
import { openWire } from '../world/world.ts'

/** Enough for the blocks that a device receives into. */
const MEMORY = 2 ** 24

/** Listens to what the other side says when nobody is there: no stack, so that not even ARP is answered. */
export async function dumpSilently(options: WorldOptions, out: Output, terminal: Terminal): Promise<void> {
  const wire = await openWire(options, chooseAddresses(options))
  const device = new WatchedDevice(wire.device)
  try {
    device.attach({
      memory: new Memory(MEMORY),
      onFrame() {},
      onBurstEnd() {},
      onWritable() {},
      onClosed() {},
    })
    device.watch((frame) => out.take(frame, device.medium))
    say(terminal.stderr, `tapwire: ${wire.description}; nobody answers`)
    const peer = options.peer === null ? [] : [wire.otherSide.run(options.peer, terminal)]
    await Promise.race([untilInterrupted(terminal), out.enough, ...peer])
  } finally {
    await device.close()
    await wire.otherSide.close()
  }
}
