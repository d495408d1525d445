import { Dice, subSeed } from '../dice.ts'
import { type Difference, differenceText, firstDifference } from './compare.ts'
import { KernelPeer } from './kernel-peer.ts'
import { makeScript } from './script.ts'
import { TapwirePeer } from './tapwire-peer.ts'

const seed = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 500)
const show = Number(process.argv[4] ?? 10)
const scripts = Array.from({ length: count }, (_, i) => makeScript(new Dice(subSeed(seed, i)), i))
const kernel = await KernelPeer.open()
const tapwire = new TapwirePeer()
try {
  const t0 = performance.now()
  const a = await kernel.play(scripts)
  const t1 = performance.now()
  const b = await tapwire.play(scripts)
  const t2 = performance.now()
  const found: [Difference, number][] = []
  for (let i = 0; i < count; i++) {
    const d = firstDifference(a[i], b[i])
    if (d !== null) found.push([d, i])
  }
  console.log(`${count} scripts, ${found.length} differ; kernel ${t1 - t0} ms, tapwire ${t2 - t1} ms`)
  const shape = (texts: readonly string[]) =>
    texts.map((t) => t.replace(/-?\d+/g, 'N').replace(/edge[+-]N/g, 'edge')).join(' | ') || 'nothing'
  const groups = new Map<string, [Difference, number][]>()
  for (const f of found) {
    const [d] = f
    const key = `${d.script.opening} ${d.script.behaviour} ${d.step < d.script.prelude ? 'prelude' : ''} :: K ${shape(d.kernel)} :: T ${shape(d.tapwire)}`
    groups.set(key, [...(groups.get(key) ?? []), f])
  }
  const sorted = [...groups].sort((x, y) => y[1].length - x[1].length)
  for (const [key, list] of sorted.slice(0, show)) {
    console.log(`### ${list.length}  ${key}`)
    for (const [d, i] of list.slice(0, 1)) console.log(differenceText(d, a[i]))
  }
} finally {
  await kernel.close()
  await tapwire.close()
}
