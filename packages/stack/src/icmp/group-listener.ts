import type { Engine } from '../core/engine.ts'
import { randomUnit } from '../core/random.ts'
import { type Micros, NEVER, SECOND, Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Interface } from '../ip/interface.ts'
import { GroupRecord } from '../wire/igmp.ts'
import type { GroupMessages } from './group-messages.ts'

/** RFC 3376 sections 8.1, 8.2 and 8.11, RFC 3810 sections 9.1, 9.2 and 9.11: their defaults, in the absence of a querier's. */
const ROBUSTNESS = 2
const QUERY_INTERVAL = 125 * SECOND
const REPEAT_WITHIN = SECOND
/** The same of the older versions (RFC 2236 section 8.10, RFC 2710 section 7.10). */
const OLD_REPEAT_WITHIN = 10 * SECOND

/** What is said in which version of IGMP; MLDv2 says it as IGMPv3 does, and MLDv1 as IGMPv2. */
export type GroupVersion = 1 | 2 | 3

/** One group of one interface, as long as there is something to say of it. */
class Member {
  readonly address: IpAddress
  joined = true
  /** How often the last change is still to be told. */
  remaining = 0
  /** When a query about this group is answered. */
  answerAt: Micros = NEVER

  constructor(address: IpAddress) {
    this.address = address
  }
}

/**
 * The groups of one interface in one version of IP, as routers and switches are told of them (RFC 3376 section 5, RFC 3810
 * section 6): changes at once and once more, and answers to queries. Nobody here chooses among sources: a group is joined
 * for all of them, so that an answer about some sources is the same as one about all.
 */
export class GroupListener {
  readonly #engine: Engine
  readonly #iface: Interface
  readonly #messages: GroupMessages
  readonly #members: Member[] = []
  readonly #timer = new Timer((now) => this.#expired(now))
  #changeAt: Micros = NEVER
  /** When a general query is answered, for all groups together. */
  #answerAllAt: Micros = NEVER
  /** Older Version Querier Present, by version. */
  #oneUntil: Micros = 0
  #twoUntil: Micros = 0

  constructor(engine: Engine, iface: Interface, messages: GroupMessages) {
    this.#engine = engine
    this.#iface = iface
    this.#messages = messages
  }

  joined(address: IpAddress): void {
    let member = this.#find(address)
    if (member === null) {
      member = new Member(address)
      this.#members.push(member)
    }
    this.#change(member, true)
  }

  left(address: IpAddress): void {
    const member = this.#find(address)
    if (member === null) return
    member.answerAt = NEVER
    this.#change(member, false)
  }

  /** RFC 3590 section 4: what was reported from :: counts for switches only, and is said again from a real address. */
  sayAgain(): void {
    for (const member of this.#members) if (member.joined) this.#change(member, true)
  }

  close(): void {
    this.#members.length = 0
    this.#engine.timers.clear(this.#timer)
  }

  /**
   * IGMP-03, MLD-03: a querier asks, and is answered within `delay`, at random; the rules of merging (RFC 3376 section 5.2)
   * come down to: the earliest answer, and all groups rather than one.
   * @param group null for all
   */
  onQuery(group: IpAddress | null, delay: Micros, version: GroupVersion): void {
    const now = this.#engine.now
    if (group === null || !group.isV4) this.#heard(version, now, delay)
    if (group !== null) {
      const member = this.#find(group)
      const at = this.#within(delay)
      if (member === null || !member.joined || this.#answerAllAt <= at) return
      member.answerAt = Math.min(member.answerAt, at)
    } else if (this.#version(now) === 3) {
      this.#answerAllAt = Math.min(this.#answerAllAt, this.#within(delay))
    } else {
      for (const member of this.#members) {
        if (member.joined) member.answerAt = Math.min(member.answerAt, this.#within(delay))
      }
    }
    this.#arm()
  }

  /** Of the older versions: another host has said it, and once is enough (RFC 2236 section 3, RFC 2710 section 4). */
  onReport(group: IpAddress): void {
    const member = this.#find(group)
    if (member !== null && this.#version(this.#engine.now) < 3) member.answerAt = NEVER
  }

  /**
   * IGMP-04, MLD-04: as long as an older querier is there, its version is spoken; what was pending in another is dropped. Of
   * IGMP only general queries tell (RFC 3376 section 7.2.1), of MLD all (RFC 3810 section 8.2.1).
   */
  #heard(version: GroupVersion, now: Micros, delay: Micros): void {
    const before = this.#version(now)
    const until = now + ROBUSTNESS * QUERY_INTERVAL + delay
    if (version === 1) this.#oneUntil = until
    if (version === 2) this.#twoUntil = until
    if (this.#version(now) === before) return
    this.#answerAllAt = NEVER
    this.#changeAt = NEVER
    for (const member of this.#members) {
      member.answerAt = NEVER
      member.remaining = 0
    }
    this.#forgetLeft()
  }

  #version(now: Micros): GroupVersion {
    if (now < this.#oneUntil) return 1
    return now < this.#twoUntil ? 2 : 3
  }

  /** IGMP-02, MLD-02: told at once (several changes of one burst together), and again within a while. */
  #change(member: Member, joined: boolean): void {
    const now = this.#engine.now
    member.joined = joined
    member.remaining = joined || this.#version(now) === 3 ? ROBUSTNESS : 1
    this.#changeAt = now
    this.#arm()
  }

  #expired(now: Micros): void {
    if (this.#changeAt <= now) this.#tellChanges(now)
    if (this.#answerAllAt <= now) {
      this.#answerAllAt = NEVER
      this.#answer(this.#members.filter(({ joined }) => joined))
    }
    this.#answer(this.#members.filter(({ answerAt }) => answerAt <= now))
    this.#arm()
  }

  #tellChanges(now: Micros): void {
    const version = this.#version(now)
    const changed = this.#members.filter(({ remaining }) => remaining > 0)
    if (version === 3) {
      const news = changed.map(({ address, joined }) => ({
        address,
        type: joined ? GroupRecord.ToExclude : GroupRecord.ToInclude,
      }))
      this.#messages.report(this.#iface, news)
    } else {
      for (const { address, joined } of changed) {
        if (joined) this.#messages.reportOld(this.#iface, address, version)
        else if (version === 2) this.#messages.leaveOld(this.#iface, address)
      }
    }
    for (const member of changed) member.remaining--
    this.#forgetLeft()
    const again = this.#members.some(({ remaining }) => remaining > 0)
    this.#changeAt = again ? this.#within(version === 3 ? REPEAT_WITHIN : OLD_REPEAT_WITHIN) : NEVER
  }

  #answer(members: readonly Member[]): void {
    const version = this.#version(this.#engine.now)
    for (const member of members) member.answerAt = NEVER
    if (version === 3) {
      const news = members.map(({ address }) => ({ address, type: GroupRecord.IsExclude }))
      this.#messages.report(this.#iface, news)
    } else for (const { address } of members) this.#messages.reportOld(this.#iface, address, version)
  }

  #forgetLeft(): void {
    for (let i = this.#members.length - 1; i >= 0; i--) {
      const { joined, remaining } = this.#members[i]
      if (!joined && remaining === 0) this.#members.splice(i, 1)
    }
  }

  #arm(): void {
    let next = Math.min(this.#changeAt, this.#answerAllAt)
    for (const { answerAt } of this.#members) next = Math.min(next, answerAt)
    this.#engine.timers.set(this.#timer, next)
  }

  /** A point in time less than `span` from now. */
  #within(span: Micros): Micros {
    return this.#engine.now + Math.floor(randomUnit(this.#engine.random) * span)
  }

  #find(address: IpAddress): Member | null {
    for (const member of this.#members) if (member.address.equals(address)) return member
    return null
  }
}
