import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What a request gets: where it goes inside, or the status with which it is turned away. */
export type Admission =
  | { readonly kind: 'in'; readonly path: string }
  | { readonly kind: 'out'; readonly status: 403 | 404 }

/**
 * Who may come in. The loopback interface is no protection by itself: every page that a browser has open, and every user of the
 * machine, can reach it. So nothing is given without the token, which stands in the path, and nothing to a page of somebody else.
 */
export class Door {
  /** 256 bits in letters that need no escape. */
  readonly token = randomBytes(32).toString('base64url')
  readonly #digest = digestOf(this.token)
  /** Known once the server listens. */
  port = 0

  /** A request for a page or a file. */
  admit(request: IncomingMessage): Admission {
    // A name that somebody has pointed to this machine is not this machine (DNS rebinding).
    if (!this.#hosts().includes((request.headers.host ?? '').toLowerCase()))
      return { kind: 'out', status: 403 }
    const [, first, rest] = /^\/([^/?]*)(.*)$/s.exec(request.url ?? '') ?? []
    // The time that this takes says nothing of how much was right.
    if (first === undefined || !timingSafeEqual(digestOf(first), this.#digest))
      return { kind: 'out', status: 404 }
    return { kind: 'in', path: rest }
  }

  /** A request for the socket: a browser says by itself, and truly, whose page asks. */
  admitSocket(request: IncomingMessage): Admission {
    const admission = this.admit(request)
    if (admission.kind === 'out') return admission
    const origin = (request.headers.origin ?? '').toLowerCase()
    if (!this.#hosts().some((host) => origin === `http://${host}`)) return { kind: 'out', status: 403 }
    return admission.path === '/live' ? admission : { kind: 'out', status: 404 }
  }

  #hosts(): readonly string[] {
    const { port } = this
    return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
