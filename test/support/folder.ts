import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { payloadStream } from '../../examples/main/payload.ts'
import { cert, key } from '../../packages/net-api/test/support/certificate.ts'

/** A temporary folder of a test, for the files that programs read and write. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'tapwire-test-'))

  file(name: string): string {
    return join(this.path, name)
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text)
    return this.file(name)
  }

  /** Writes key and certificate of the tests, as most programs want them. */
  writeCertificate(): { cert: string; key: string } {
    return { cert: this.write('cert.pem', `${cert}\n`), key: this.write('key.pem', `${key}\n`) }
  }

  /** The bytes whose hash is `payloadHash(size)`. */
  async writePayload(name: string, size: number): Promise<string> {
    await pipeline(payloadStream(size), createWriteStream(this.file(name)))
    return this.file(name)
  }

  sha256(name: string): string {
    return createHash('sha256')
      .update(readFileSync(this.file(name)))
      .digest('hex')
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
