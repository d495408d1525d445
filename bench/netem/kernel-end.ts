// One end of the measured connections in the kernel, in the network namespace that this process was started in.
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { Peer } from './peer.ts'

/** The kernel's figures of TCP: pairs of lines, names and values. */
function kernelCounters(): Record<string, number> {
  const counters: Record<string, number> = {}
  for (const file of ['snmp', 'netstat']) {
    const lines = readFileSync(`/proc/self/net/${file}`, 'utf8').split('\n')
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [layer, ...names] = lines[i].split(' ')
      const [, ...values] = lines[i + 1].split(' ')
      if (layer !== 'Tcp:' && layer !== 'TcpExt:') continue
      for (const [place, name] of names.entries()) counters[name] = Number(values[place])
    }
  }
  return counters
}

new Peer({ net: { connect, createServer }, counters: kernelCounters }).start()
