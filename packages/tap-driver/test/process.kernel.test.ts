import { spawn, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { watch, whyNoKernel } from './kernel.ts'

const reason = whyNoKernel()
if (reason !== null) console.log(`tests of the TAP driver's privileges are skipped: ${reason}`)

const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const stack = fileURLToPath(new URL('../../stack/src/index.ts', import.meta.url))
const index = fileURLToPath(new URL('../src/index.ts', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')

/** Runs `code`, with the driver as `tap`, in a Node of its own, behind the given command. */
async function run(prefix: string[], code: string): Promise<string> {
  const program = `import(${JSON.stringify(index)}).then(async (tap) => { ${code} }).catch((e) => console.log(e.code, e.message))`
  const node = [process.execPath, '--conditions=tapwire-source', '--import', tsx, '-e', program]
  const [command, ...args] = [...prefix, ...node]
  return (await watch(spawn(command!, args)).ended).output.trim()
}

describe('importing the driver', () => {
  it('loads nothing native, and says so where there is no TAP', async () => {
    const output = await run(
      [],
      `const maps = process.platform === 'linux' ? require('fs').readFileSync('/proc/self/maps', 'utf8') : ''
       console.log(maps.includes('koffi'))
       Object.defineProperty(process, 'platform', { value: 'darwin' })
       await tap.openTap()`,
    )
    expect(output).toMatch(
      /^false\nENOTSUP TAP and TUN devices need Linux, and this is darwin\. .*createCable/,
    )
  })
})

describe.skipIf(reason !== null)('a process with a device', () => {
  it('stays alive while the device is attached and ends by itself after close', async () => {
    const output = await run(
      [],
      `const netns = tap.createNetns()
       const device = await tap.openTap({ netns })
       const { Memory } = await import(${JSON.stringify(stack)})
       device.attach({ memory: new Memory(1 << 20), onFrame() {}, onBurstEnd() {}, onWritable() {}, onClosed() { console.log('closed') } })
       setTimeout(() => { console.log('alive'); device.close(); netns.close() }, 50).unref()`,
    )
    expect(output).toBe('alive\nclosed')
  })

  const setpriv = has('setpriv') ? null : 'setpriv is not installed'
  if (setpriv !== null) console.log(`tests without privileges are skipped: ${setpriv}`)

  it.skipIf(setpriv !== null)('says which capability is missing, and how to go without', async () => {
    const output = await run(
      ['setpriv', '--bounding-set=-net_admin'],
      `await tap.openTap({ name: 'never0' })`,
    )
    expect(output).toMatch(
      /^EPERM No permission to make a TAP interface: .*CAP_NET_ADMIN.*createCable.*unshare -Urn/,
    )
  })

  it.skipIf(setpriv !== null)('says so when it may not enter namespaces', async () => {
    const output = await run(['setpriv', '--bounding-set=-sys_admin'], `tap.createNetns()`)
    expect(output).toMatch(/^EPERM No permission to .*CAP_SYS_ADMIN.*createCable/)
  })

  const unshare = has('unshare') ? null : 'unshare is not installed'
  if (unshare !== null) console.log(`tests without /dev/net/tun are skipped: ${unshare}`)

  it.skipIf(unshare !== null)('says what to do without /dev/net/tun', async () => {
    const hide = 'mount -t tmpfs none /dev/net && exec "$@"'
    const output = await run(['unshare', '-m', 'sh', '-c', hide, 'sh'], 'await tap.openTap()')
    expect(output).toMatch(/^ENODEV There is no \/dev\/net\/tun: .*modprobe tun.*createCable/)
  })

  it.skipIf(unshare !== null)('says what to do when the user may not open /dev/net/tun', async () => {
    const hide = 'mount -t tmpfs none /dev/net && mknod -m 0600 /dev/net/tun c 10 200 && exec "$@"'
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const output = await run(['unshare', '-m', 'sh', '-c', hide, 'sh', ...nobody], 'await tap.openTap()')
    expect(output).toMatch(/^EACCES No permission to open \/dev\/net\/tun: .*unshare -Urn/)
  })

  const open = `const device = await tap.openTap({ hostAddresses: ['10.77.0.1/24'] }); console.log(device.name); await device.close()`
  const mayUnshare =
    unshare ?? (spawnSync('unshare', ['-Urn', 'true']).status === 0 ? null : '`unshare -Urn` is not allowed')
  if (mayUnshare !== null) console.log(`tests in a user namespace are skipped: ${mayUnshare}`)

  it.skipIf(mayUnshare !== null)(
    'has what it needs under `unshare -Urn`, further namespaces included',
    async () => {
      const further = `const netns = tap.createNetns(); console.log((await tap.openTap({ netns })).name)`
      expect(await run(['unshare', '-Urn'], `${open}; ${further}; process.exit()`)).toBe('tap0\ntap0')
    },
  )

  it.skipIf(mayUnshare !== null)('stays at home when it could not come back', async () => {
    const home = `require('fs').readlinkSync('/proc/thread-self/ns/net')`
    const output = await run(
      ['unshare', '-Ur'],
      `const before = ${home}
       try { tap.createNetns() } catch (e) { console.log(e.code, before === ${home}) }
       ${open}`,
    )
    expect(output).toMatch(/^EPERM true\nEPERM No permission to make a TAP interface/)
  })
})
