import type { IpAddress } from './address.ts'
import { ALL_HOSTS_V4, ALL_NODES_V6 } from './groups.ts'
import type { Interface } from './interface.ts'
import type { LinkPort } from './link-port.ts'

/** Who tells routers and switches of the groups an interface is in. */
export interface GroupWatcher {
  onGroupJoined(iface: Interface, group: IpAddress): void
  onGroupLeft(iface: Interface, group: IpAddress): void
  /** A link-local address has passed its check: reports have a source now. */
  onSourceReady(iface: Interface): void
}

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
  readonly #onChange: (group: IpAddress, joined: boolean) => void
  readonly #groups: Group[] = []

  /** @param onChange called with each group that is new, or gone */
  constructor(link: LinkPort, onChange: (group: IpAddress, joined: boolean) => void) {
    this.#link = link
    this.#onChange = onChange
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
    this.#onChange(address, true)
  }

  leave(address: IpAddress): void {
    const group = this.#find(address)
    if (group === null || --group.users > 0) return
    this.#groups.splice(this.#groups.indexOf(group), 1)
    this.#link.leave(address)
    this.#onChange(address, false)
  }

  has(a0: number, a1: number, a2: number, a3: number): boolean {
    const groups = this.#groups
    for (let i = 0; i < groups.length; i++) {
      if (groups[i].address.hasWords(a0, a1, a2, a3)) return true
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
