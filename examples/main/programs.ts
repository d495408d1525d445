import { type Finished, mustRun } from '../shared/programs.ts'
import { HTTP_PORT, type PageReport, PINGS, type PingReport, urlHost } from './tasks.ts'

/** What iputils and BusyBox print: `5 packets transmitted, 5 received` and `min/avg/max[/mdev] = 0.1/0.2/0.3`. */
export function readPingOutput(text: string): PingReport {
  const counts = /(\d+) packets transmitted, (\d+)/.exec(text)
  const times = /min\/avg\/max\S* = ([\d.]+)\/([\d.]+)/.exec(text)
  if (counts === null || times === null) throw new Error(`ping said: ${text.trim().split('\n').at(-1)}`)
  const [sent, answered, least, mean] = [counts[1], counts[2], times[1], times[2]].map(Number)
  return { least, mean, sent, answered, by: 'ping' }
}

export async function pingProgram(address: string): Promise<PingReport> {
  // 0.2 s is the shortest interval that ping allows an ordinary user.
  return readPingOutput(
    (await mustRun('ping', ['-n', '-c', `${PINGS}`, '-i', '0.2', '-W', '2', address])).stdout,
  )
}

/** @param run how a program is run: here, or in another network namespace */
export async function fetchPageWithCurl(
  address: string,
  run: (command: string, args: readonly string[]) => Promise<Finished> = mustRun,
): Promise<PageReport> {
  const url = `http://${urlHost(address)}:${HTTP_PORT}/`
  const marker = '\nstatus:'
  const args = ['--silent', '--show-error', '--globoff', '--noproxy', '*', '--max-time', '10']
  const { stdout: text } = await run('curl', [...args, '--write-out', `${marker}%{http_code}`, url])
  const at = text.lastIndexOf(marker)
  return { body: text.slice(0, at), status: Number(text.slice(at + marker.length)), by: 'curl' }
}
