import { LESSONS } from '../lessons/index.ts'
import { createSimulation } from '../model/create-simulation.ts'
import { ScenarioError } from '../model/scenario/checks.ts'
import { validateScenario } from '../model/scenario/validate.ts'
import type { Scenario } from '../model/scenario.ts'
import type { Simulation } from '../model/simulation.ts'
import { toast } from '../view/toast.ts'
import { type Address, readAddress } from './address.ts'
import { Lab } from './lab.ts'
import { isLive, watchLive } from './live.ts'
import { buildPage, type Page } from './page.ts'
import { PRESETS } from './presets.ts'

const FIRST_SPEED = 1 / 30

const make = (scenario: Scenario): Simulation => createSimulation(validateScenario(scenario))

function start(): void {
  const simulation = make(PRESETS[0].scenario)
  const lab = new Lab(make, { recording: simulation.recording, simulation }, FIRST_SPEED)
  lab.onRefused = toast
  const page = buildPage(document.getElementById('lab')!, lab, make)
  // For those who look into the page with the browser's console, and for its tests.
  Object.assign(window, { lab, lessons: page.lessons })
  if (isLive(location.search)) watchLive(lab)
  else {
    open(lab, page)
    window.addEventListener('hashchange', () => open(lab, page))
  }
  lab.store.show()
  performance.mark('tapwire-ready')
  document.documentElement.dataset.ready = 'true'
}

/** Shows what the address says. */
function open(lab: Lab, page: Page): void {
  const address = addressOf(location.hash)
  if (address.kind === 'run') {
    lab.open(address.scenario, address.time)
    return
  }
  if (address.kind === 'lesson') {
    const lesson = LESSONS.find(({ id }) => id === address.id)
    if (lesson !== undefined) {
      page.lessons.open(lesson)
      return
    }
    toast(`There is no lesson “${address.id}”: here are all of them`)
    lab.store.set({ panel: 'lesson' })
  }
  lab.open(PRESETS[0].scenario)
}

function addressOf(hash: string): Address {
  try {
    return readAddress(hash)
  } catch (error) {
    if (!(error instanceof ScenarioError) && !(error instanceof URIError)) throw error
    toast(error instanceof ScenarioError ? error.message : 'This address was damaged on its way')
    return { kind: 'none' }
  }
}

start()
