import { CELLS, type Cell, type Measured, type Plan, type Side } from './cells.ts'
import { Lane } from './lane.ts'

/** What a measurement tells while it goes on. */
export type Event =
  | { readonly lanes: number }
  | { readonly measured: Measured }
  | { readonly finished: true }
  | { readonly failed: string }

const SIDES: readonly Side[] = ['kernel', 'tapwire']
/** Seconds of each direction, before anything counts, and Mbit/s: all networks do it at the same time. */
const WARM_UP = 3
const WARM_UP_RATE = 5

/** One run of a cell, of both sides one after the other: so what else the machine does hits both. */
interface Task {
  readonly cell: Cell
  readonly seconds: number
}

/** Measures all cells of a plan. @param open the lanes that are there, for whoever has to close them in a hurry */
export async function measureAll(plan: Plan, tell: (event: Event) => void, open: Set<Lane>): Promise<void> {
  const tasks: Task[] = []
  for (let run = 0; run < plan.runs; run++) {
    for (const cell of plan.cells) tasks.push({ cell, seconds: plan.seconds ?? cell.seconds })
  }
  // The long ones first: the last to end should not have started late.
  tasks.sort((a, b) => b.seconds - a.seconds)
  try {
    for (let i = 0; i < Math.min(plan.lanes, tasks.length); i++) open.add(await Lane.open())
    await Promise.all([...open].map(warmUp))
    tell({ lanes: open.size })
    await spread(tasks, [...open], plan.rate, async (task, lane) => {
      for (const side of SIDES) {
        tell({ measured: await lane.measure(task.cell, side, plan.rate, task.seconds) })
      }
    })
  } finally {
    for (const lane of open) lane.close()
    open.clear()
  }
}

/** Starts tasks on free lanes while their loads together stay below `capacity`; one alone may have any load. */
async function spread(
  tasks: Task[],
  free: Lane[],
  capacity: number,
  run: (task: Task, lane: Lane) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let load = 0
  while (tasks.length > 0 || running.size > 0) {
    const place = tasks.findIndex(({ cell }) => load === 0 || load + cell.load <= capacity)
    const lane = place < 0 ? undefined : free.pop()
    if (lane === undefined) {
      await Promise.race(running)
      continue
    }
    const [task] = tasks.splice(place, 1)
    load += task.cell.load
    const done = run(task, lane).then(() => {
      load -= task.cell.load
      free.push(lane)
      running.delete(done)
    })
    running.add(done)
  }
}

async function warmUp(lane: Lane): Promise<void> {
  for (const direction of ['sending', 'receiving'] as const) {
    const cell = { ...CELLS[0], direction }
    for (const side of SIDES) await lane.measure(cell, side, WARM_UP_RATE, WARM_UP)
  }
}
