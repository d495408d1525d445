/**
 * What the trace costs: the same bulk transfer between two stacks over a cable, with the trace compiled out, off and on, in turns
 * in one process.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

type TapwireStack = typeof import('../packages/stack/src/index.ts')
type Variant = 'without' | 'off' | 'on'

const VARIANTS: readonly Variant[] = ['without', 'off', 'on']
const BYTES = 48 * 1024 * 1024
const USAGE =
  'node --import tsx bench/trace.ts [ROUNDS]\n\nWhat the trace costs, compiled out, off and on; 15 rounds by default.'
const rounds = roundsFrom(process.argv[2])
const entry = fileURLToPath(new URL('../packages/stack/src/index.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tapwire-trace-'))
let told = 0

/** Takes the calls out of the sources: what nobody asks costs nothing for sure. */
const withoutTrace: Plugin = {
  name: 'without-trace',
  setup(builder) {
    builder.onLoad({ filter: /src[\\/]tcp[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const contents = source
        .replace(/^( +)trace\(.*\)$/gm, '$1;')
        .replace(/^( +)tcb\.tcp\.tracer\?\.onTrace\(.*\)$/gm, '$1;')
        .replace('if (tracer !== null) tracer.onTrace(kind, tcp.engine.now, connection, a, b, c, d)', '')
      if (path.endsWith('trace.ts') && contents === source) throw new Error('the trace is still there')
      return { contents, loader: 'ts' }
    })
  },
}

async function load(variant: Variant): Promise<TapwireStack> {
  const outfile = join(folder, `${variant}.mjs`)
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'node20',
    plugins: variant === 'without' ? [withoutTrace] : [],
  })
  return (await import(pathToFileURL(outfile).href)) as TapwireStack
}

/** @returns nanoseconds a segment, of the processor's time: whoever else runs on the machine does not count */
function transfer(tapwire: TapwireStack, traced: boolean): number {
  const { Stack, VirtualClock, SeededRandom, createCable, parseAddress } = tapwire
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock, medium: 'ip' })
  const trace = traced ? { trace: { onTrace: () => void told++ } } : {}
  const make = (seed: number) =>
    new Stack({ clock, random: new SeededRandom(seed), conflictDetection: 'off', ...trace })
  const [left, right] = [make(1), make(2)]
  left.addInterface(a, { addresses: ['10.0.0.1/24'] })
  right.addInterface(b, { addresses: ['10.0.0.2/24'] })
  let received = 0
  const listener = right.tcp.listen(
    { port: 7 },
    {
      onConnection: () => {
        listener.accept()!.handler = {
          onReadable: (c) => {
            received += c.readable
            c.consume(c.readable)
          },
        }
      },
    },
  )
  const connection = left.tcp.connect({ address: parseAddress('10.0.0.2')!, port: 7 }, {})
  const chunk = new Uint8Array(65_536)
  const began = process.cpuUsage()
  while (received < BYTES) {
    connection.write(chunk)
    clock.advance(0.1)
  }
  const { user, system } = process.cpuUsage(began)
  const segments = left.tcp.counters.segmentsOut + right.tcp.counters.segmentsOut
  void left.close()
  void right.close()
  return ((user + system) * 1000) / segments
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  return sorted[sorted.length >> 1]
}

try {
  const modules = new Map<Variant, TapwireStack>()
  for (const variant of VARIANTS) modules.set(variant, await load(variant))
  const times = new Map<Variant, number[]>(VARIANTS.map((variant) => [variant, []]))
  for (let round = -3; round < rounds; round++) {
    // Each is the first as often as the others.
    for (let i = 0; i < VARIANTS.length; i++) {
      const variant = VARIANTS[(i + round + 3) % VARIANTS.length]
      const time = transfer(modules.get(variant)!, variant === 'on')
      if (round >= 0) times.get(variant)!.push(time)
    }
  }
  const of = (variant: Variant): number => median(times.get(variant)!)
  const base = times.get('without')!
  const ratio = (variant: Variant): number => median(times.get(variant)!.map((time, i) => time / base[i]))
  console.log(
    `The median of ${rounds} rounds of ${BYTES >> 20} MiB, in ns a segment; and the median ratio to the trace compiled out:`,
  )
  for (const variant of VARIANTS) {
    const values = times.get(variant)!
    const range = `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`
    console.log(
      `  ${variant.padEnd(8)} ${of(variant).toFixed(0).padStart(6)}   × ${ratio(variant).toFixed(3)}   (${range})`,
    )
  }
  console.log(`${told} events were told`)
} finally {
  rmSync(folder, { recursive: true })
}

function roundsFrom(word: string | undefined): number {
  const count = Number(word ?? 15)
  if (Number.isInteger(count) && count > 0) return count
  const help = word === '--help' || word === '-h'
  console[help ? 'log' : 'error'](help ? USAGE : `'${word}' is no number of rounds.\n\n${USAGE}`)
  process.exit(help ? 0 : 1)
}
