import MarkdownIt from 'markdown-it'
import anchor from 'markdown-it-anchor'
import { highlight } from './highlight.ts'

/** A heading of a page, for its table of contents. */
export interface Heading {
  readonly level: number
  readonly id: string
  readonly text: string
}

export interface Rendered {
  readonly html: string
  /** The text of the first heading. */
  readonly title: string
  readonly headings: readonly Heading[]
}

/** What becomes of a link or an image's address; null takes the link away and leaves its text. */
export type Resolve = (address: string) => string | null

/** Names of headings as GitHub makes them, so that a link in the repository is one on the site. */
export function slugOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-')
}

/** One page of Markdown. */
export function render(markdown: string, resolve: Resolve): Rendered {
  const md = new MarkdownIt({ html: true, linkify: false, highlight: blockOf })
  const headings: Heading[] = []
  md.use(anchor, {
    slugify: slugOf,
    tabIndex: false,
    permalink: anchor.permalink.linkInsideHeader({
      symbol: '#',
      placement: 'after',
      class: 'permalink',
      ariaHidden: true,
      // The heading itself is what a reader of the page finds.
      renderAttrs: () => ({ tabindex: '-1' }),
    }),
    callback: (token, { slug, title }) => {
      headings.push({ level: Number(token.tag.slice(1)), id: slug, text: title })
    },
  })
  linksOf(md, resolve)
  tablesOf(md)
  const html = md.render(markdown)
  return { html, title: headings[0]?.text ?? '', headings }
}

/** A block of code, which scrolls by itself and so can be reached by the keyboard. */
function blockOf(code: string, language: string): string {
  return `<pre tabindex="0"><code>${highlight(code, language)}</code></pre>`
}

/** Addresses are those of the site; what has no place there is text. */
function linksOf(md: MarkdownIt, resolve: Resolve): void {
  md.core.ruler.push('site-links', ({ tokens }) => {
    for (const { children } of tokens) {
      let unlinked = false
      for (const token of children ?? []) {
        if (token.type === 'image') {
          const source = token.attrGet('src') ?? ''
          token.attrSet('src', resolve(source) ?? source)
        } else if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? ''
          const target = href.startsWith('#') ? href : resolve(href)
          unlinked = target === null
          if (target !== null) token.attrSet('href', target)
          if (unlinked) asSpan(token)
        } else if (token.type === 'link_close' && unlinked) asSpan(token)
      }
    }
  })
}

function asSpan(token: { tag: string; attrs: [string, string][] | null }): void {
  token.tag = 'span'
  token.attrs = null
}

/** Wide tables scroll by themselves. */
function tablesOf(md: MarkdownIt): void {
  md.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>\n'
  md.renderer.rules.table_close = () => '</table></div>\n'
}
