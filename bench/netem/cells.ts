/** What the network does to the direction that carries data. */
export type Trouble = 'loss 0.1 %' | 'loss 1 %' | 'loss 3 %' | 'reordering'

/** Whether the stack under test, the server, sends the data or receives it. */
export type Direction = 'sending' | 'receiving'

export interface Cell {
  /** As `--cells` takes it: `100ms/loss1/sending`. */
  readonly name: string
  /** Milliseconds there and back. */
  readonly rtt: number
  readonly trouble: Trouble
  readonly direction: Direction
  /** Of one run: the fewer the losses in a second, the longer it takes until their chance evens out. */
  readonly seconds: number
  /** What is to be expected of it, Mbit/s: as long as they leave room on the processor, runs share it. */
  readonly load: number
}

interface Effort {
  readonly seconds: number
  readonly load: number
}

const TROUBLES: {
  readonly [T in Trouble]: { readonly name: string; readonly 20: Effort; readonly 100: Effort }
} = {
  'loss 0.1 %': { name: 'loss0.1', 20: { seconds: 20, load: 25 }, 100: { seconds: 100, load: 6 } },
  'loss 1 %': { name: 'loss1', 20: { seconds: 60, load: 10 }, 100: { seconds: 100, load: 4 } },
  'loss 3 %': { name: 'loss3', 20: { seconds: 60, load: 6 }, 100: { seconds: 100, load: 2 } },
  reordering: { name: 'reorder', 20: { seconds: 10, load: 1000 }, 100: { seconds: 15, load: 1000 } },
}

export const CELLS: readonly Cell[] = ([20, 100] as const).flatMap((rtt) =>
  (Object.keys(TROUBLES) as Trouble[]).flatMap((trouble) =>
    (['sending', 'receiving'] as const).map((direction) => ({
      name: `${rtt}ms/${TROUBLES[trouble].name}/${direction}`,
      rtt,
      trouble,
      direction,
      ...TROUBLES[trouble][rtt],
    })),
  ),
)

/** The cells that a list of parts of names selects: `100ms,loss3` is both, and each of them with everything else. */
export function selectCells(list: string): readonly Cell[] {
  const parts = list.split(',').map((part) => part.trim())
  return CELLS.filter(({ name }) => parts.some((part) => matches(name, part)))
}

/** `20ms/sending` leaves out the middle. */
function matches(name: string, part: string): boolean {
  const pieces = name.split('/')
  return part !== '' && part.split('/').every((wanted) => pieces.includes(wanted))
}

/** What it takes to measure them: this, and `Measured`, are what crosses from a user-mode Linux. */
export interface Plan {
  readonly cells: readonly Cell[]
  readonly runs: number
  /** Mbit/s. */
  readonly rate: number
  /** How many networks are measured at the same time, at most. */
  readonly lanes: number
  /** Of one run, where a cell's own length is not wanted; else null. */
  readonly seconds: number | null
}

export type Side = 'kernel' | 'tapwire'

/** One run. */
export interface Measured {
  readonly cell: string
  readonly side: Side
  /** Goodput at the receiver, Mbit/s. */
  readonly rate: number
  /** Segments that the sender sent again. */
  readonly retransmitted: number
  /** How much of the processors was used meanwhile, 0 to 1: near 1 it is them that were measured. */
  readonly busy: number
  /** Further figures of the sender, for finding out why. */
  readonly counters: Readonly<Record<string, number>>
}
