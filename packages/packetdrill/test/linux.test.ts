import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findScripts } from '../src/cli/find-scripts.ts'

/*
 * The same scripts against the kernel, where there is a packetdrill to run them: TAPWIRE_PACKETDRILL may name it. Each runs in a network
 * namespace of its own. A script that Linux does not pass says so in a comment: `// Linux differs: why`.
 */

const BINARY = process.env.TAPWIRE_PACKETDRILL ?? 'packetdrill'
const FOLDER = fileURLToPath(new URL('../scripts/', import.meta.url))

function whyNot(): string | null {
  const { error } = spawnSync(BINARY, ['--help'], { timeout: 10_000 })
  if (error !== undefined) return `there is no packetdrill here (${BINARY}); TAPWIRE_PACKETDRILL may name one`
  if (process.getuid?.() !== 0) return 'packetdrill needs root'
  return null
}

/** What our runner has beyond packetdrill: ports before the flags, options by number, times that tolerate nothing. */
function forLinux(text: string): string | null {
  if (/\/\/ Linux differs/.test(text) || /[<>] \d+ > \d+ /.test(text) || /<[^>\n]*\b(?:kind|uto) /.test(text))
    return null
  return text.replace(/^--exact.*$/m, '--tolerance_usecs=10000')
}

const reason = whyNot()

describe('on Linux, too', { timeout: 200_000 }, () => {
  if (reason !== null) {
    it('every script', (context) => context.skip(reason))
    return
  }
  for (const file of findScripts([FOLDER])) {
    const text = forLinux(readFileSync(file, 'utf8'))
    if (text === null) continue
    it(file.slice(FOLDER.length), () => {
      const folder = mkdtempSync(join(tmpdir(), 'packetdrill-'))
      try {
        const script = join(folder, 'script.pkt')
        writeFileSync(script, text)
        const run = spawnSync('unshare', ['--net', BINARY, script], { encoding: 'utf8', timeout: 180_000 })
        expect(run.status, run.stderr).toBe(0)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }
})
