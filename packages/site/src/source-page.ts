import { escapeHtml, highlight } from './highlight.ts'

/** A file of the repository as a page of the site, so that what cites it can link to it. */
export function sourcePage(path: string, text: string): string {
  const language = /\.(\w+)$/.exec(path)?.[1] ?? ''
  return `<h1>${escapeHtml(path)}</h1>\n<pre class="listing" tabindex="0"><code>${highlight(text, language)}</code></pre>\n`
}

/** Where it stands in the site. */
export const sourcePathOf = (path: string): string => `source/${path}.html`
