/** Types and codes as packetdrill names them (RFC 792, RFC 1122, RFC 1812; RFC 4443). */
interface IcmpNames {
  readonly types: Readonly<Record<string, number>>
  readonly codes: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const V4: IcmpNames = {
  types: {
    echoreply: 0,
    unreachable: 3,
    source_quench: 4,
    redirect: 5,
    echo: 8,
    time_exceeded: 11,
    parameter_problem: 12,
    timestamp: 13,
    timestamp_reply: 14,
  },
  codes: {
    unreachable: {
      net_unreachable: 0,
      host_unreachable: 1,
      protocol_unreachable: 2,
      port_unreachable: 3,
      frag_needed: 4,
      source_route_failed: 5,
      net_unknown: 6,
      host_unknown: 7,
      source_host_isolated: 8,
      net_prohibited: 9,
      host_prohibited: 10,
      net_unreachable_for_tos: 11,
      host_unreachable_for_tos: 12,
      packet_filtered: 13,
      precedence_violation: 14,
      precedence_cutoff: 15,
    },
    time_exceeded: { ttl: 0, ttl_exceeded: 0, frag_reassembly: 1 },
    redirect: { net: 0, host: 1, tos_net: 2, tos_host: 3 },
  },
}

const V6: IcmpNames = {
  types: {
    unreachable: 1,
    packet_too_big: 2,
    time_exceeded: 3,
    parameter_problem: 4,
    echo: 128,
    echorequest: 128,
    echoreply: 129,
  },
  codes: {
    unreachable: {
      no_route: 0,
      net_unreachable: 0,
      admin_prohibited: 1,
      not_neighbour: 2,
      beyond_scope: 2,
      address_unreachable: 3,
      host_unreachable: 3,
      port_unreachable: 4,
      source_policy: 5,
      reject_route: 6,
    },
    time_exceeded: { ttl: 0, hop_limit: 0, frag_reassembly: 1 },
    parameter_problem: { header: 0, next_header: 1, option: 2 },
  },
}

export function icmpNames(v6: boolean): IcmpNames {
  return v6 ? V6 : V4
}

/** @returns null for a name that this version does not have */
export function icmpType(v6: boolean, type: string | number): number | null {
  return typeof type === 'number' ? type : (icmpNames(v6).types[type] ?? null)
}

/** @returns null for a name that this type does not have; no code counts as 0 */
export function icmpCode(v6: boolean, type: string | number, code: string | number | null): number | null {
  if (code === null) return 0
  if (typeof code === 'number') return code
  const name = typeof type === 'string' ? type : keyOf(icmpNames(v6).types, type)
  return icmpNames(v6).codes[name]?.[code] ?? null
}

/** `unreachable frag_needed`, or numbers where there are no names. */
export function icmpText(v6: boolean, type: number, code: number): string {
  const names = icmpNames(v6)
  const name = keyOf(names.types, type)
  const codes = names.codes[name]
  if (codes !== undefined) return `${name} ${keyOf(codes, code)}`
  return code === 0 ? name : `${name} ${code}`
}

function keyOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value)
}
