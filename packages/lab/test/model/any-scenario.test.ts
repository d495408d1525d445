import { pcapng } from '@tapwire/stack'
import fc from 'fast-check'
import { test } from 'vitest'
import { summarizeRun } from '../../src/model/compare.ts'
import { createSimulation } from '../../src/model/create-simulation.ts'
import { explainSegment } from '../../src/model/explain/explain.ts'
import { toPcapng } from '../../src/model/export/pcapng.ts'
import { toScript } from '../../src/model/export/script.ts'
import { decodeFields } from '../../src/model/fields/decode.ts'
import { goodputSeries, rttSeries, sequenceSeries, windowSeries } from '../../src/model/series/series.ts'
import { scenarios } from './arbitrary-scenario.ts'

const NUMBER = /NaN|undefined|Infinity|\[object/

/** Thousands of looks a run: `expect` would take most of the time. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

test('whatever scenario is let through runs, and everything about its recording can be asked for', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const simulation = createSimulation(scenario, { segments: 200 })
      simulation.runTo(Math.min(scenario.duration, 20_000))
      const { recording } = simulation
      const { segments, events, ends } = recording
      for (const [i, segment] of segments.entries()) {
        const { number, sentAt, arrivedAt, lost, label } = segment
        must(number === i, `segment ${i} has the number ${number}`)
        must(sentAt >= (segments[i - 1]?.sentAt ?? 0), `segment ${i} was sent before the one before`)
        must(arrivedAt === null || (arrivedAt >= sentAt && lost === null), `segment ${i} came when it cannot`)
        must(label !== '' && !NUMBER.test(label), `segment ${i} is called '${label}'`)
        const { sent, received, notable } = explainSegment(recording, i)
        for (const { text } of [...sent, ...received, ...notable]) must(!NUMBER.test(text), text)
        must(decodeFields(segment.frame, segment).length > 1, `segment ${i} has no layers`)
      }
      for (const [i, { time, segment }] of events.entries()) {
        must(time >= (events[i - 1]?.time ?? 0), `event ${i} is out of order`)
        must(segment === null || segment < segments.length, `event ${i} is about no segment`)
      }
      must(ends.length === 2 * scenario.flows.length, 'there is an end too few, or too many')
      for (const { samples, host, flow } of ends) {
        for (const [i, sample] of samples.entries()) {
          const { time, event, sndNxt, sndUna, rcvNxt, rcvRead } = sample
          const before = samples[i - 1]
          const inOrder = before === undefined || (time >= before.time && event >= before.event)
          must(inOrder, `sample ${i} of ${host}${flow} is out of order`)
          must(
            sndNxt >= sndUna && rcvNxt >= rcvRead,
            `sample ${i} of ${host}${flow}: ${JSON.stringify(sample)}`,
          )
        }
        windowSeries(recording, host, flow)
        rttSeries(recording, host, flow)
        goodputSeries(recording, host, flow)
        sequenceSeries(recording, host, flow)
        must(
          !NUMBER.test(toScript(recording, { host, flow }).replace(/^.*$/m, '')),
          'a script makes no sense',
        )
      }
      summarizeRun(recording)
      must(pcapng.readPcapng(toPcapng(recording))?.truncated === false, 'the capture ends too early')
    }),
    { numRuns: 30 },
  )
}, 120_000)
