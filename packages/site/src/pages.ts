import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layOut, type NavigationSection, relativeTo } from './layout.ts'
import { type Rendered, render } from './markdown.ts'
import { pageOf, SECTIONS } from './navigation.ts'
import { sourcePage, sourcePathOf } from './source-page.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const assets = fileURLToPath(new URL('../assets', import.meta.url))

/** Files that a page may show as they are. */
const COPIED = /\.(?:svg|png|jpg|pcapng)$/
/** Files that become a page of their text when something links to them. */
const LISTED = /\.(?:ts|mjs|js|json|tsv|txt|pkt|sh|c|py|css|html)$/

/** What other tools build into the site. */
const TOOLS: readonly { readonly section: string; readonly title: string; readonly href: string }[] = [
  { section: 'Learn', title: 'The lab', href: 'lab/index.html' },
  { section: 'Look up', title: 'The API', href: 'api/index.html' },
]

/** The doors of the front page. */
const DOORS = `<div class="doors">
<a href="lab/index.html"><strong>Open the lab</strong>A whole TCP in this page: watch it, stop it, break it, ask it why</a>
<a href="start.html"><strong>Start in five minutes</strong>Two hosts, a cable and every packet, in one program</a>
<a href="recipes.html"><strong>Recipes</strong>Networks for test suites, LANs, TAPs, workers and browsers</a>
<a href="api/index.html"><strong>The API</strong>Every package, every option, every counter</a>
</div>
`

/** The repository's Markdown as pages, and every file that they cite. */
export class Pages {
  readonly #folder: string
  readonly #sources: ReadonlySet<string>
  readonly #navigation: readonly NavigationSection[]
  readonly #listed = new Set<string>()
  readonly #copied = new Set<string>()
  /** Links of the repository to what is not there. */
  readonly #broken: string[] = []

  /** @param folder of the site @param tools whether the lab and the API are built, too */
  constructor(folder: string, tools: { readonly lab: boolean; readonly api: boolean }) {
    this.#folder = folder
    const known = SECTIONS.flatMap(({ entries }) => entries.map(({ source }) => source))
    const others = markdownOf('docs').filter((source) => !known.includes(source))
    const sections = [
      ...SECTIONS,
      { title: 'More', entries: others.map((source) => ({ source, title: source })) },
    ].map(({ title, entries }) => ({
      title,
      entries: entries.filter(({ source }) => existsSync(root + source)),
    }))
    this.#sources = new Set(sections.flatMap(({ entries }) => entries.map(({ source }) => source)))
    const built = TOOLS.filter(({ href }) => (href.startsWith('lab') ? tools.lab : tools.api))
    this.#navigation = sections
      .filter(({ entries }) => entries.length > 0)
      .map(({ title, entries }) => ({
        title,
        items: [
          ...built.filter(({ section }) => section === title),
          ...entries.map((entry) => ({ title: entry.title, href: pageOf(entry.source) })),
        ],
      }))
  }

  /** @returns how many pages were written @throws Error that names what pages link to and is not there */
  write(): number {
    for (const source of this.#sources) this.#writePage(source)
    if (this.#broken.length > 0)
      throw new Error(
        `Links to files that are not there:\n${this.#broken.map((line) => `  ${line}`).join('\n')}`,
      )
    for (const path of this.#listed) this.#writeListing(path)
    for (const path of this.#copied) this.#copy(root + path, path.replace(/^docs\//, ''))
    for (const name of readdirSync(assets)) this.#copy(`${assets}/${name}`, name)
    return this.#sources.size + this.#listed.size
  }

  #writePage(source: string): void {
    const path = pageOf(source)
    const page = render(readFileSync(root + source, 'utf8'), (address) => this.#resolve(source, address))
    const body = path === 'index.html' ? page.html.replace('</h1>\n', `</h1>\n${this.#doors()}`) : page.html
    this.#write(path, page, body)
  }

  /** Without those that lead nowhere yet. */
  #doors(): string {
    const there = this.#navigation.flatMap(({ items }) => items.map(({ href }) => href))
    return DOORS.replaceAll(/<a href="([^"]+)">.*<\/a>\n/g, (line, href) =>
      there.includes(href) ? line : '',
    )
  }

  #writeListing(path: string): void {
    const html = sourcePage(path, readFileSync(root + path, 'utf8'))
    this.#write(sourcePathOf(path), { html, title: path, headings: [] }, html)
  }

  #write(path: string, { title, headings }: Rendered, body: string): void {
    this.#put(path, layOut({ path, title, body, headings, navigation: this.#navigation }))
  }

  #put(path: string, text: string): void {
    mkdirSync(dirname(`${this.#folder}/${path}`), { recursive: true })
    writeFileSync(`${this.#folder}/${path}`, text)
  }

  #copy(from: string, to: string): void {
    mkdirSync(dirname(`${this.#folder}/${to}`), { recursive: true })
    copyFileSync(from, `${this.#folder}/${to}`)
  }

  /** Where an address in a file of the repository leads on the site. */
  #resolve(source: string, address: string): string | null {
    if (/^[a-z]+:/i.test(address)) return address
    const [path, hash] = address.split('#')
    const target = posix.join(posix.dirname(source), path).replace(/\/$/, '')
    const at = hash === undefined ? '' : `#${hash}`
    const to = (place: string): string => relativeTo(pageOf(source), place) + at
    if (target.startsWith('..')) return null
    if (!existsSync(root + target)) {
      this.#broken.push(`${source}: ${address}`)
      return null
    }
    if (this.#sources.has(target)) return to(pageOf(target))
    if (statSync(root + target).isDirectory()) {
      const readme = `${target}/README.md`
      return this.#sources.has(readme) ? to(pageOf(readme)) : null
    }
    if (COPIED.test(target)) {
      this.#copied.add(target)
      return to(target.replace(/^docs\//, ''))
    }
    if (!LISTED.test(target)) return null
    this.#listed.add(target)
    return relativeTo(pageOf(source), sourcePathOf(target))
  }
}

function markdownOf(folder: string): string[] {
  return readdirSync(root + folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort()
}
