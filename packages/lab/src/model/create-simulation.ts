import type { Recording } from './recording.ts'
import { Flow, flowOfPorts, portsOf } from './run/flows.ts'
import { forgedSegment } from './run/forge.ts'
import type { RunLimits } from './run/recorder.ts'
import { World } from './run/world.ts'
import type { Action, Scenario } from './scenario.ts'
import type { Simulation } from './simulation.ts'

/**
 * Two real stacks in virtual time, and what the scenario has them do. The same scenario gives the same recording, byte for byte.
 * The scenario is one that `validateScenario` has let through.
 * @param limits what the recording may grow to
 */
export function createSimulation(scenario: Scenario, limits: RunLimits = {}): Simulation {
  return new Run(scenario, limits)
}

class Run implements Simulation {
  readonly scenario: Scenario
  readonly #world: World
  readonly #flows: readonly Flow[]
  readonly #ports: readonly number[]
  readonly #limits: RunLimits

  constructor(scenario: Scenario, limits: RunLimits) {
    this.scenario = scenario
    this.#limits = limits
    const ports = portsOf(scenario.seed, scenario.flows.length)
    this.#ports = ports
    this.#world = new World(scenario, (portA, portB) => flowOfPorts(ports, portA, portB), limits)
    this.#flows = scenario.flows.map((flow, i) => new Flow(this.#world, flow, i, ports[i]))
    for (const action of scenario.actions) this.#plan(action)
    this.#world.begin()
  }

  get recording(): Recording {
    return this.#world.recorder
  }

  runTo(time: number): void {
    const { recorder } = this.#world
    if (recorder.over || !(time > recorder.time || recorder.segments.length === 0)) return
    const deadline = Math.min(time, this.scenario.duration)
    while (this.#world.step(deadline)) {
      // On to the next.
    }
    this.#settle(deadline)
  }

  step(): boolean {
    const { recorder } = this.#world
    const { duration } = this.scenario
    const before = recorder.segments.length + recorder.arrivals + recorder.events.length
    while (this.#world.step(duration)) {
      if (recorder.segments.length + recorder.arrivals + recorder.events.length !== before) return true
    }
    this.#settle(duration)
    return false
  }

  withAction(action: Action): Simulation {
    const { scenario } = this
    // Those of one moment in the order in which they were asked for.
    const actions = [...scenario.actions, action].toSorted((a, b) => a.at - b.at)
    const again = new Run({ ...scenario, actions }, this.#limits)
    again.runTo(action.at)
    return again
  }

  /** Time has come to `deadline`, or to the end. */
  #settle(deadline: number): void {
    const { recorder, clock } = this.#world
    if (recorder.stopped !== null || clock.next === Number.POSITIVE_INFINITY) recorder.over = true
    else if (deadline >= this.scenario.duration) {
      recorder.time = this.scenario.duration
      recorder.over = true
    } else if (deadline > recorder.time) recorder.time = deadline
  }

  #plan(action: Action): void {
    const world = this.#world
    // Their fate is decided when they are sent.
    if (action.do === 'drop' || action.do === 'flip') return
    world.at(action.at, () => {
      if (action.do === 'forge') {
        const portA = this.#ports[action.flow ?? 0] ?? this.#ports[0]
        world.forge(action.way, forgedSegment(world, action, portA))
      } else if (action.do === 'close') this.#flows[action.flow]?.close(action.host)
      else if (action.do === 'abort') this.#flows[action.flow]?.abort(action.host)
      else world.act(action)
    })
  }
}
