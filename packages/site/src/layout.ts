import { posix } from 'node:path'
import { escapeHtml } from './highlight.ts'
import type { Heading } from './markdown.ts'

/** A line of the navigation. */
export interface NavigationItem {
  readonly title: string
  /** From the root of the site. */
  readonly href: string
}

export interface NavigationSection {
  readonly title: string
  readonly items: readonly NavigationItem[]
}

export interface PageParts {
  /** From the root of the site. */
  readonly path: string
  readonly title: string
  readonly body: string
  readonly headings: readonly Heading[]
  readonly navigation: readonly NavigationSection[]
}

/** The address of one file of the site as seen from another. */
export function relativeTo(from: string, to: string): string {
  const [path, hash] = to.split('#')
  const way = posix.relative(posix.dirname(from), path)
  return hash === undefined ? way : `${way}#${hash}`
}

/** A whole page. It loads the style and nothing else, and runs no script. */
export function layOut({ path, title, body, headings, navigation }: PageParts): string {
  const to = (target: string): string => escapeHtml(relativeTo(path, target))
  const sections = navigation.map(
    (section) => `<section>
<h2>${escapeHtml(section.title)}</h2>
<ul>
${section.items.map(({ title: name, href }) => `<li><a href="${to(href)}"${href === path ? ' aria-current="page"' : ''}>${escapeHtml(name)}</a></li>`).join('\n')}
</ul>
</section>`,
  )
  const contents = headings.filter(({ level }) => level === 2 || level === 3)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(path === 'index.html' ? 'tapwire' : `${title} · tapwire`)}</title>
<link rel="icon" href="${to('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${to('site.css')}">
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header><a class="name" href="${to('index.html')}">tapwire</a><span>a TCP/IP stack in TypeScript</span><a class="menu" href="#pages">Pages</a></header>
<main id="content">
${body}
</main>
${contents.length > 2 ? contentsOf(contents) : ''}<nav id="pages" aria-label="Pages">
${sections.join('\n')}
</nav>
</body>
</html>
`
}

function contentsOf(headings: readonly Heading[]): string {
  const lines = headings.map(
    ({ level, id, text }) =>
      `<li class="level${level}"><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`,
  )
  return `<aside aria-label="On this page"><h2>On this page</h2>\n<ul>\n${lines.join('\n')}\n</ul></aside>\n`
}
