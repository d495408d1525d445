import { LESSONS } from '../lessons/index.ts'
import { createSimulation } from '../model/create-simulation.ts'
import type { Scenario } from '../model/scenario.ts'
import { toast } from '../view/toast.ts'
import { decodeScenario, readAddress } from './address.ts'
import { Lab } from './lab.ts'
import { buildPage, type Page } from './page.ts'
import { PRESETS } from './presets.ts'

function start(): void {
  const simulation = createSimulation(PRESETS[0].scenario)
  const lab = new Lab(createSimulation, { recording: simulation.recording, simulation }, 1 / 30)
  const page = buildPage(document.getElementById('lab')!, lab, createSimulation)
  // For those who look into the page with the browser's console, and for its tests.
  Object.assign(window, { lab })
  open(lab, page)
  window.addEventListener('hashchange', () => open(lab, page))
  lab.store.show()
  document.documentElement.dataset.ready = 'true'
}

/** Shows what the address says. */
function open(lab: Lab, { lessons }: Page): void {
  const address = readAddress(location.hash)
  if (address.kind === 'lesson') {
    const lesson = LESSONS.find(({ id }) => id === address.id)
    if (lesson !== undefined) {
      lessons.open(lesson)
      return
    }
    toast(`There is no lesson “${address.id}”: here are all of them`)
    lab.store.set({ panel: 'lesson' })
  } else if (address.kind === 'run') {
    const scenario = decodeScenario(address.text) as Scenario | undefined
    if (scenario !== undefined) {
      lab.open(scenario, address.time)
      return
    }
    toast('This address holds no run: it may have been cut off')
  }
  lab.open(PRESETS[0].scenario)
}

start()
