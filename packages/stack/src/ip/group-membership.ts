import type { IpAddress } from './address.ts'
import { ALL_HOSTS_V4, ALL_NODES_V6 } from './groups.ts'
import type { LinkPort } from './link-port.ts'

class Group {
  readonly address: IpAddress
  users = 1
  constructor(address: IpAddress) {
    this.address = address
  }
}

/** The multicast groups one interface receives: each joined as often as it is left. Only local users make it grow. */
export class GroupMembership {
  readonly #link: LinkPort
  readonly #groups: Group[] = []

  constructor(link: LinkPort) {
    this.#link = link
    // MCAST-01, V6-16: every host is a member for good.
    this.join(ALL_HOSTS_V4)
    this.join(ALL_NODES_V6)
  }

  join(address: IpAddress): void {
    const group = this.#find(address)
    if (group !== null) {
      group.users++
      return
    }
    this.#groups.push(new Group(address))
    this.#link.join(address)
  }

  leave(address: IpAddress): void {
    const group = this.#find(address)
    if (group === null || --group.users > 0) return
    this.#groups.splice(this.#groups.indexOf(group), 1)
    this.#link.leave(address)
  }

  has(a0: number, a1: number, a2: number, a3: number): boolean {
    const groups = this.#groups
    for (let i = 0; i < groups.length; i++) {
      const { address } = groups[i]
      if (address.a3 === a3 && address.a0 === a0 && address.a1 === a1 && address.a2 === a2) return true
    }
    return false
  }

  list(): readonly IpAddress[] {
    return this.#groups.map((group) => group.address)
  }

  #find(address: IpAddress): Group | null {
    for (const group of this.#groups) if (group.address.equals(address)) return group
    return null
  }
}
