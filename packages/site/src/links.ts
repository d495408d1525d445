import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'

/** A link of a page that leads nowhere, and why. */
export interface DeadLink {
  readonly page: string
  readonly link: string
  readonly why: string
}

export interface LinkReport {
  readonly pages: number
  readonly links: number
  readonly dead: readonly DeadLink[]
  /** What pages would load from elsewhere: styles, scripts, pictures, frames. */
  readonly foreign: readonly DeadLink[]
}

const TAG = /<(a|link|img|script|iframe|source|use)\s[^>]*?\b(?:href|src)="([^"]*)"/g
const ID = /\b(?:id|name)="([^"]+)"/g

/** Follows every link of every page of a folder that stays inside of it. */
export function checkLinks(folder: string): LinkReport {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html'))
  const ids = new Map<string, ReadonlySet<string>>()
  const idsOf = (page: string): ReadonlySet<string> => {
    const known = ids.get(page) ?? new Set(readIds(readFileSync(`${folder}/${page}`, 'utf8')))
    ids.set(page, known)
    return known
  }
  const dead: DeadLink[] = []
  const foreign: DeadLink[] = []
  let links = 0
  for (const page of pages) {
    for (const [, tag, address] of readFileSync(`${folder}/${page}`, 'utf8').matchAll(TAG)) {
      const link = address.replaceAll('&amp;', '&')
      if (/^(?:[a-z]+:|\/\/)/i.test(link)) {
        const loads = tag !== 'a' && !link.startsWith('data:')
        if (loads) foreign.push({ page, link, why: `<${tag}> loads from elsewhere` })
        continue
      }
      links++
      const why = whyDead(folder, page, link, idsOf)
      if (why !== null) dead.push({ page, link, why })
    }
  }
  return { pages: pages.length, links, dead, foreign }
}

function readIds(html: string): string[] {
  return [...html.matchAll(ID)].map(([, id]) => id.replaceAll('&amp;', '&'))
}

function whyDead(
  folder: string,
  page: string,
  link: string,
  idsOf: (page: string) => ReadonlySet<string>,
): string | null {
  const [before, hash] = link.split('#')
  const path = decodeURIComponent(before.split('?')[0])
  let target = path === '' ? page : posix.join(posix.dirname(page), path)
  if (target.startsWith('..')) return 'it leaves the site'
  if (!existsSync(`${folder}/${target}`)) return 'there is no such file'
  if (statSync(`${folder}/${target}`).isDirectory()) target = posix.join(target, 'index.html')
  if (!existsSync(`${folder}/${target}`)) return 'the folder has no page'
  if (hash === undefined || hash === '' || !target.endsWith('.html')) return null
  return idsOf(target).has(decodeURIComponent(hash)) ? null : `nothing on that page is called ${hash}`
}
