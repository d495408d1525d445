// The client's process on the kernel's side of the wire: it stands in the network namespace of the TAP, does what it is
// asked with ping, curl and Node's own net and http, and ends when its parent does.
import { request } from 'node:http'
import { connect } from 'node:net'
import { hasProgram } from '../shared/programs.ts'
import { Client } from './client.ts'
import { fetchPageWithCurl, pingProgram } from './programs.ts'
import type { TaskMessage, TaskRequest } from './remote.ts'
import type { ClientTasks } from './tasks.ts'

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100

const node = new Client({ connect, request, by: "Node's client" })
const tasks: ClientTasks = {
  ping: hasProgram('ping') ? pingProgram : (address) => node.ping(address),
  fetchPage: hasProgram('curl')
    ? (address) => fetchPageWithCurl(address)
    : (address) => node.fetchPage(address),
  upload: (address, bytes, onProgress) => node.upload(address, bytes, onProgress),
  download: (address, bytes, onProgress) => node.download(address, bytes, onProgress),
  echo: (address, connections) => node.echo(address, connections),
}

function say(message: TaskMessage): void {
  process.send?.(message)
}

/** Reports the first byte, the last one, and in between now and then. */
function reporter(id: number): (bytes: number) => void {
  let last = 0
  return (bytes) => {
    const now = performance.now()
    if (now - last < REPORT_EVERY) return
    last = now
    say({ id, progress: bytes })
  }
}

async function run({ id, task, args }: TaskRequest): Promise<void> {
  try {
    const [address, amount] = args as [string, number]
    say({ id, result: await tasks[task](address, amount, reporter(id)) })
  } catch (error) {
    say({ id, error: error instanceof Error ? error.message : String(error) })
  }
}

process.on('message', (message: TaskRequest) => void run(message))
process.on('disconnect', () => process.exit())
// Ctrl-C goes to the whole group of processes; the parent decides what happens then.
process.on('SIGINT', () => {})
say({ ready: true })
