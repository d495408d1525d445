import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kernelObstacle, kernelSuite } from '../../../test/support/kernel.ts'
import { type Ended, folder, program, run, spawnTapwire } from './support.ts'

let number = 0
/** A name for a network namespace that nobody else has. */
const uniqueName = (): string => `twcli-${process.pid}-${number++}`

interface Program {
  readonly ended: Promise<Ended>
  said(pattern: RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
}

/** The real program, as root, with all that it prints. */
function startProgram(args: readonly string[]): Program {
  const child = spawnTapwire(args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
    child.emit('said')
  })
  const ended = once(child, 'close').then(([status]) => ({ status: status as number, out, err }))
  return {
    ended,
    async said(pattern) {
      while (!pattern.test(err)) {
        await Promise.race([
          once(child, 'said'),
          ended.then(() => Promise.reject(new Error(`it ended:\n${out}${err}`))),
        ])
      }
    },
    kill: (signal) => child.kill(signal),
  }
}

kernelSuite('the command, with the kernel on the other side', kernelObstacle(['curl', 'ping']), () => {
  it('http serves the kernel’s curl in a namespace that it makes, and removes', async () => {
    writeFileSync(join(folder, 'page.txt'), 'over the wire')
    const netns = uniqueName()
    const peer = `curl -sS http://10.77.0.2/page.txt 'http://[fd77::2]/page.txt' && test -e /run/netns/${netns}`
    const { status, out, err } = await run([
      'http',
      folder,
      '--tap',
      'tap0',
      '--netns',
      netns,
      '--peer',
      peer,
    ])
    expect([status, out]).toEqual([0, 'over the wireover the wire'])
    expect(err).toContain(
      `tapwire: tap0 in the network namespace ${netns}: 10.77.0.2 and fd77::2 here, the kernel on the other side`,
    )
    expect(err).toContain(`  ip netns exec ${netns} curl http://[fd77::2]/\n`)
    expect(existsSync(`/run/netns/${netns}`)).toBe(false)
  })

  it('nc -l ends with a --peer that did not connect', async () => {
    const args = ['nc', '-l', '9000', '--tap', 'tap0', '--netns', uniqueName(), '--peer', 'exit 5']
    expect((await run(args)).status).toBe(5)
  })

  it('what --peer ends with is the status', async () => {
    expect(
      (await run(['http', folder, '--tun', 'tun0', '--netns', uniqueName(), '--peer', 'exit 7'])).status,
    ).toBe(7)
  })

  it('Ctrl-C leaves nothing behind', async () => {
    const netns = uniqueName()
    const sleep = `sleep 60.${process.pid}${number}`
    const nc = startProgram(['nc', '-l', '9000', '--tap', 'tap0', '--netns', netns, '--peer', 'sleep 60'])
    await nc.said(/nc 10\.77\.0\.2 9000/)
    expect(readdirSync(join(folder, 'tapwire'))).toHaveLength(1)
    nc.kill('SIGINT')
    expect(await nc.ended).toMatchObject({ status: 130 })
    expect(existsSync(`/run/netns/${netns}`)).toBe(false)
    expect(readdirSync(join(folder, 'tapwire'))).toEqual([])
    expect(spawnSync('pgrep', ['-f', sleep]).status).not.toBe(0)
  })

  it.for([
    ['--tap', '10.77.0.1'],
    ['--tap', 'fd77::1'],
    ['--tun', '10.77.0.1'],
    ['--tun', 'fd77::1'],
  ])('ping %s %s', async ([kind, host]) => {
    const { status, out } = await run([
      'ping',
      host,
      kind,
      'dev0',
      '--netns',
      uniqueName(),
      '-c',
      '2',
      '-i',
      '0.05',
    ])
    expect([status, out]).toEqual([0, expect.stringContaining('2 sent, 2 received, 0% lost')])
  })

  it('nc talks to a program that --peer has started, both ways to the end', async () => {
    const server = `require('net').createServer((s) => s.pipe(s)).listen(9000)`
    const peer = `exec '${process.execPath}' -e "${server}"`
    const args = ['nc', '10.77.0.1', '9000', '--tap', 'tap0', '--netns', uniqueName(), '--peer', peer]
    expect(await run(args, 'there and back')).toEqual({ status: 0, out: 'there and back', err: '' })
  })

  it('dump tells what the kernel sends, and --silent answers nothing', async () => {
    const device = ['--tap', 'tap0', '--netns', uniqueName()]
    const answered = await run(['dump', 'icmp', ...device, '--peer', 'ping -c 1 -W 1 10.77.0.2'])
    // What ping prints stands between.
    expect(answered.out).toMatch(/in {2}ICMP 10\.77\.0\.1 > 10\.77\.0\.2 echo request /)
    expect(answered.out).toMatch(/out ICMP 10\.77\.0\.2 > 10\.77\.0\.1 echo reply /)
    const silent = await run([
      'dump',
      'arp',
      '--silent',
      ...device,
      '--peer',
      'ping -c 1 -W 1 10.77.0.2; true',
    ])
    expect(silent.out).toMatch(/in {2}ARP who-has 10\.77\.0\.2 tell 10\.77\.0\.1/)
    expect(silent.out).not.toContain('out')
  })

  it('trace tells the states of a connection of curl', async () => {
    const { status, out } = await run([
      'trace',
      '--tap',
      'tap0',
      '--netns',
      uniqueName(),
      '--peer',
      'curl -sS -o /dev/null http://10.77.0.2/',
    ])
    expect(status).toBe(0)
    expect(out).toMatch(/#1 10\.77\.0\.2:80 - 10\.77\.0\.1:\d+ CLOSED > ESTABLISHED/)
  })

  it('demo: the kernel’s ping and curl find every step right', async () => {
    const args = ['demo', '--tap', 'tap0', '--netns', uniqueName(), '--size', '1', '--requests', '20']
    const { status, out } = await run(args)
    expect([status, out]).toEqual([0, expect.stringContaining('7 of 7 steps were right, by ping and curl')])
  })

  it.for([
    // Root can open the device, and may still not be allowed to make anything of it.
    [
      ['--bounding-set=-net_admin,-sys_admin'],
      /^tapwire: --tap needs the capabilities CAP_NET_ADMIN .*`unshare -Urn`.*--virtual, which needs nothing\n$/,
    ],
    [
      ['--reuid=65534', '--clear-groups'],
      /^tapwire: --tap needs (?:the capabilities|\/dev\/net\/tun, which this user may not open).*--virtual, which needs nothing\n$/,
    ],
  ] as const)('says what is missing without privilege (%s)', ([drop, sentence], context) => {
    const args = [...drop, process.execPath, ...program.args, 'ping', '10.77.0.1', '--tap', 'tap0']
    const { status, stderr, error } = spawnSync('setpriv', args, { env: program.env, encoding: 'utf8' })
    context.skip(error !== undefined, 'not installed: setpriv')
    context.skip(stderr.includes('EACCES: permission denied'), 'another user may not read this clone')
    expect([status, stderr]).toEqual([3, expect.stringMatching(sentence)])
  })
})

kernelSuite('a device that is there already', kernelObstacle(['ip']), () => {
  let netns: Netns
  const ip = (...args: string[]): string =>
    netns.run(() => spawnSync('ip', args, { encoding: 'utf8' })).stdout

  beforeAll(() => {
    netns = createNetns()
    ip('tuntap', 'add', 'tap7', 'mode', 'tap')
    ip('addr', 'add', '10.9.0.1/24', 'dev', 'tap7')
    ip('link', 'set', 'tap7', 'up')
  })
  afterAll(() => netns?.close())

  it('is used as it is, and stays', async () => {
    const before = ip('-br', 'addr', 'show', 'tap7')
    const device = ['--tap', 'tap7', '--netns', netns.path, '--address', '10.9.0.2/24']
    expect((await run(['ping', '10.9.0.1', ...device, '-c', '1'])).status).toBe(0)
    expect(before).toContain('10.9.0.1/24')
    expect(ip('-br', 'addr', 'show', 'tap7').split(/\s+/)[2]).toBe(before.split(/\s+/)[2])
  })
})
