// Stands beside the learner's code in a thread of its own. When the time is over it asks the debugger where that code is, says so,
// and ends the process. Plain JavaScript: a worker of Node 20 does not have the loader that understands TypeScript.
import { writeSync } from 'node:fs'
import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'

/** Milliseconds that the debugger gets: a program that waits for something runs nothing that could be paused. */
const PATIENCE = 4000
const { limit, channel, mistake, hint } = workerData

function end(place) {
  const verdict = { kind: 'stuck', seconds: limit, place, mistake, hint }
  try {
    writeSync(channel, `${JSON.stringify({ type: 'verdict', verdict })}\n`)
  } finally {
    // Whoever started it may be gone, and the channel closed: then nobody else ends it.
    process.kill(process.pid, 'SIGKILL')
  }
}

setTimeout(() => {
  setTimeout(() => end(null), PATIENCE)
  const session = new Session()
  // Node 20.11 and newer.
  if (typeof session.connectToMainThread !== 'function') return
  session.connectToMainThread()
  const urls = new Map()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url))
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    // The main thread knows where in the TypeScript file that is. The innermost frame of the learner's is the one that is wanted.
    const frames = callFrames.map(({ location: { scriptId, lineNumber, columnNumber } }) => [
      urls.get(scriptId) ?? '',
      lineNumber,
      columnNumber,
    ])
    const expression = `globalThis.tapwireWorkshopPlace(${JSON.stringify(frames)})`
    const { callFrameId } = callFrames[0]
    session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression }, (_, answer) => {
      const place = answer?.result?.value
      end(typeof place === 'string' ? place : null)
    })
  })
  session.post('Debugger.enable')
  session.post('Debugger.pause')
}, limit * 1000)
