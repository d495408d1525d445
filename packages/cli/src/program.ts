import { Command, Option } from 'commander'
import type { Terminal } from './terminal.ts'
import { addWorldOptions, seconds, wholeNumber } from './world/options.ts'

/** Runs a command, whose module is loaded only then: `--help` has no need of a stack. */
type Action = (terminal: Terminal, args: readonly string[], options: object) => Promise<number>

const STATUSES = `
Status: 0 it worked; 1 it did not; 2 a wrong command line or configuration; 3 the device cannot be had; 130 Ctrl-C.
`

/** The command line of \`tapwire\`. @param ended is told the status of what was run */
export function makeProgram(terminal: Terminal, ended: (status: number) => void): Command {
  const program = new Command('tapwire')
    .description('A TCP/IP stack inside a Node.js process: ping, talk, serve, watch and teach with it.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text.replace(/^error: /, 'tapwire: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .helpCommand('help [command]', 'say what a command does')
    .addHelpText(
      'after',
      `
Examples:
  tapwire ping 10.77.0.1 --virtual -c 3     nothing is needed for this: the other host is in memory
  tapwire http . --virtual                  serve this folder, through two stacks
  tapwire dump -r capture.pcapng odd        what is odd in a capture
  tapwire help ping                         more of one command
${STATUSES}`,
    )

  const add = (usage: string, description: string, load: () => Promise<Action>, examples: string): Command =>
    program
      .command(usage)
      .description(description)
      .addHelpText('after', `\nExamples:\n${examples}`)
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command
        const action = await load()
        ended(await action(terminal, command.args, command.opts()))
      })

  addWorldOptions(
    add(
      'ping <host>',
      'send echo requests, and tell what comes back',
      async () => (await import('./commands/ping.ts')).ping,
      `  tapwire ping 10.77.0.1 --virtual -c 3
  tapwire ping fd77::1 --tap tap0 -i 0.2 -s 1400
  tapwire ping 10.77.0.1 --virtual --impair loss=0.2,latency=30 --json`,
    )
      .option('-c, --count <n>', 'stop after so many', wholeNumber('--count', 1, 1_000_000))
      .option('-i, --interval <seconds>', 'between two of them', seconds('--interval', 0.001), 1)
      .option('-s, --size <bytes>', 'what each carries', wholeNumber('--size', 0, 65_507), 56)
      .option('-W, --timeout <seconds>', 'how long an answer may take', seconds('--timeout'), 2)
      .option('-t, --ttl <hops>', 'time to live, or hop limit', wholeNumber('--ttl', 1, 255), 64)
      .option('--json', 'one object a line'),
  )

  addWorldOptions(
    add(
      'nc [host] [ports...]',
      'read and write over TCP or UDP: connect, or listen with -l',
      async () => (await import('./commands/nc.ts')).nc,
      `  echo hello | tapwire nc 10.77.0.1 7 --virtual
  tapwire nc -l 9000 --tap tap0
  tapwire nc -u 10.77.0.1 7 --virtual
  tapwire nc -z 10.77.0.1 1-100 --virtual`,
    )
      .option('-l, --listen', 'wait for a connection (or a first datagram) at a port')
      .option('-k, --keep', 'with -l: go on after one has ended')
      .option('-u, --udp', 'datagrams; each piece that is read makes one')
      .option('-z, --scan', 'only tell which ports take connections; hosts of the own network only')
      .option('-w, --timeout <seconds>', 'give up after so long without anything', seconds('--timeout'))
      .option('-p, --source-port <port>', 'the port on this side', wholeNumber('--source-port', 1, 65_535))
      .option('-v, --verbose', 'tell of connections on standard error'),
  )

  addWorldOptions(
    add(
      'http [folder]',
      'serve the files of a folder over HTTP',
      async () => (await import('./commands/http.ts')).http,
      `  tapwire http . --virtual                                   prints where to look
  tapwire http public --tap tap0 -p 8080
  tapwire http . --tap tap0 --peer 'curl -s http://10.77.0.2/'`,
    )
      .option('-p, --port <port>', 'where to listen', wholeNumber('--port', 1, 65_535), 80)
      .option('--no-list', 'no list of files for folders without index.html')
      .option('-q, --quiet', 'do not tell of requests'),
  )

  addWorldOptions(
    add(
      'dump [filter...]',
      'tell packets in a line each: of a file, of a device, or of a command that is running',
      async () => (await import('./commands/dump.ts')).dump,
      `  tapwire dump -r capture.pcapng
  tapwire dump -r capture.pcapng host 10.77.0.1 and not port 22
  tapwire dump -r capture.pcapng odd -w strange.pcapng
  tapwire dump --tap tap0 tcp                                small servers answer there
  tapwire dump                                               packets of the command that is running

A filter is words: host ADDRESS, net ADDRESS/LENGTH, port N (each may follow src or dst), tcp, udp, icmp, icmp6,
arp, ip, ip6, in, out, odd (something is noted); joined by and (may be left out), or, not, ( and ).`,
    )
      .option('-r, --read <file>', 'packets of a capture (pcapng or pcap)')
      .option('-w, --write <file>', 'write those that are shown as pcapng, too')
      .option('-c, --count <n>', 'stop after so many', wholeNumber('--count', 1, 1e9))
      .option('--pid <n>', 'of the command with this process id', wholeNumber('--pid', 1, 2 ** 31 - 1))
      .addOption(
        new Option('--time <style>', 'since the first packet, since the one before, or by the clock (UTC)')
          .choices(['relative', 'delta', 'clock'])
          .default('relative'),
      )
      .option('--silent', 'with a device: nobody is there who would answer')
      .option('--json', 'one object a line'),
    'dump',
    'pcap',
  )

  addWorldOptions(
    add(
      'trace',
      'tell what TCP decides: states, windows, losses, timeouts; of a command that is running, or of small servers on a device',
      async () => (await import('./commands/trace.ts')).trace,
      `  tapwire trace                       of the command that is running (here: tapwire http . --tap tap0)
  tapwire trace --tap tap0            of echo (7), discard (9), chargen (19) and http (80) on a new device
  tapwire trace --tap tap0 --peer 'curl -s http://10.77.0.2/'
  tapwire nc -l 9000 --tap tap0 --trace   every command with a stack can tell this itself`,
    )
      .option('--pid <n>', 'of the command with this process id', wholeNumber('--pid', 1, 2 ** 31 - 1))
      .option('--all', 'also what is told with every segment')
      .option('--json', 'one object a line'),
    'trace',
  )

  add(
    'stats',
    'tell what the stack of a running command has counted, and its connections',
    async () => (await import('./commands/stats.ts')).stats,
    `  tapwire stats                       of the command that is running
  tapwire stats --every 1 --json
  tapwire http . --tap tap0 --stats 10    every command with a stack can tell this itself`,
  )
    .option('--pid <n>', 'of the command with this process id', wholeNumber('--pid', 1, 2 ** 31 - 1))
    .option('--every <seconds>', 'again and again, until that command ends', seconds('--every', 0.05))
    .option('--all', 'also what is 0')
    .option('--json', 'one object a line')

  addWorldOptions(
    add(
      'lab',
      'serve the lab, where TCP can be seen and broken, on the loopback; with a device it shows what a live stack does there',
      async () => (await import('./commands/lab.ts')).lab,
      `  tapwire lab                         prints an address to open in a browser of this machine
  tapwire lab --tap tap0              and then, elsewhere: curl http://10.77.0.2/
  tapwire lab --virtual               live without privilege: the other host is in memory`,
    )
      .option(
        '-p, --port <port>',
        'of 127.0.0.1 and ::1 (default: a free one)',
        wholeNumber('--port', 1, 65_535),
      )
      .option('--page <folder>', "another build of the page (default: the lab's own)"),
  )

  add(
    'packetdrill [args...]',
    'run packetdrill scripts against the stack, in virtual time',
    async () => (await import('./commands/packetdrill.ts')).packetdrill,
    `  tapwire packetdrill handshake.pkt
  tapwire packetdrill --help`,
  )
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()

  addWorldOptions(
    add(
      'demo',
      'a server on the stack, and clients on the other side: pings, pages, transfers, many requests at once',
      async () => (await import('./commands/demo.ts')).demo,
      `  tapwire demo                          two stacks in memory; needs nothing
  tapwire demo --tap tap0 --netns demo  the kernel, its ping and curl (as root)
  tapwire demo --size 4 --impair loss=0.01,latency=5`,
    )
      .option('--size <MiB>', 'of each transfer', wholeNumber('--size', 1, 1024), 16)
      .option('--requests <n>', 'at the same time', wholeNumber('--requests', 1, 10_000), 100),
  )
  return program
}
