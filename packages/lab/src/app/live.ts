import { RecordingReader } from '../model/live/recording-reader.ts'
import { toast } from '../view/toast.ts'
import type { Lab } from './lab.ts'

/** Whether the page was opened by a live stack's server: it stands behind `?live` then. */
export function isLive(search: string): boolean {
  return search === '?live'
}

/** Shows what a live stack tells over the WebSocket beside the page, as it comes. */
export function watchLive(lab: Lab): void {
  const reader = new RecordingReader()
  const { recording } = reader
  lab.watch({ recording, simulation: null })
  lab.play()
  const address = new URL('live', location.href)
  address.protocol = address.protocol.replace('http', 'ws')
  const socket = new WebSocket(address)
  let skipped = 0
  // Messages come in bursts: they are shown once a frame.
  let frame = 0
  const show = (): void => {
    frame = 0
    if (lab.state.run.recording !== recording) return
    lab.grown(recording.skipped - skipped)
    skipped = recording.skipped
  }
  socket.addEventListener('message', (event) => {
    const text = String(event.data)
    const missed = missedIn(text)
    if (missed > 0) toast(`This page was too slow for the stack: ${missed} of its messages are left out`)
    else reader.apply(text)
    if (frame === 0) frame = requestAnimationFrame(show)
  })
  socket.addEventListener('close', () => toast('The live stack has gone; what it said stays'))
}

/** Messages that the server left out. */
function missedIn(text: string): number {
  if (!text.startsWith('{"type":"missed"')) return 0
  const { messages } = JSON.parse(text) as { messages: number }
  return messages
}
