import { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { EthernetLink } from '../ethernet/ethernet-link.ts'
import type { Ipv4 } from '../ipv4/ipv4.ts'
import type { Ipv6 } from '../ipv6/ipv6.ts'
import type { Limits } from '../limits.ts'
import { LoopbackDevice } from '../link/loopback.ts'
import { auditConservation, type CountingParts } from './conservation.ts'

interface StackParts extends CountingParts {
  readonly engine: Engine
  readonly limits: Limits
  readonly ipv4: Ipv4
  readonly ipv6: Ipv6
}

/**
 * Looks at everything a stack holds, and whether it fits together: sequence numbers, windows, rings, the log of what is in flight,
 * timers, tables, lists, memory, counters. @returns what does not hold, in words; empty when all does
 */
export function brokenInvariants(stack: StackParts): string[] {
  const { engine, limits, ip, icmp } = stack
  const { memory, timers } = engine
  const audit = new Audit(memory)
  memory.audit(audit)
  timers.audit(audit)
  stack.tcp.audit(audit)
  stack.udp.audit(audit)
  stack.ipv4.reassembler.audit(audit)
  stack.ipv6.reassembler.audit(audit)
  ip.router.paths.audit(audit)
  for (const { name, link, device, addresses } of ip.interfaces) {
    if (link instanceof EthernetLink) link.audit(audit)
    if (device instanceof LoopbackDevice) device.audit(audit)
    audit.subject = `the interface ${name}`
    audit.check(
      addresses.length <= limits.addressesPerInterface,
      'more addresses than the limit',
      addresses.length,
    )
  }
  audit.subject = 'the stack'
  audit.check(icmp.pending <= limits.pings, 'more pings than the limit', icmp.pending)
  audit.check(ip.routes.size <= limits.routes, 'more routes than the limit', ip.routes.size)
  audit.check(
    audit.claimed <= memory.allocated,
    'more memory has an owner than is allocated',
    audit.claimed,
    memory.allocated,
  )
  auditConservation(stack, audit)
  return audit.broken
}
