import { describe, expect, it } from 'vitest'
import { highlight } from '../src/highlight.ts'
import { render, slugOf } from '../src/markdown.ts'
import { pageOf } from '../src/navigation.ts'

const resolve = (address: string): string | null => (address.startsWith('gone') ? null : `to/${address}`)

describe('render', () => {
  it('names headings as GitHub does, twice the same one apart', () => {
    const { headings, title, html } = render('# `held.ts`: a *word*\n\n## Same\n\n## Same\n', resolve)
    expect(title).toBe('held.ts: a word')
    expect(headings.map(({ id }) => id)).toEqual(['heldts-a-word', 'same', 'same-1'])
    expect(html).toContain('<h2 id="same-1"')
  })

  it.each([
    ['Against Node’s net', 'against-nodes-net'],
    ['The way in: from the TAP to `socket.on`', 'the-way-in-from-the-tap-to-socketon'],
    ['One_two  three', 'one_two--three'],
  ])('%s is called %s', (text, slug) => expect(slugOf(text.replaceAll('`', ''))).toBe(slug))

  it('leads links and pictures to their places, and leaves the text of those that have none', () => {
    const { html } = render('[a](b.md#c) ![d](e.svg) [f](gone.bin) [g](#here)', resolve)
    expect(html).toContain('<a href="to/b.md#c">a</a>')
    expect(html).toContain('<img src="to/e.svg" alt="d">')
    expect(html).toContain('<span>f</span>')
    expect(html).toContain('<a href="#here">g</a>')
  })

  it('lets wide tables scroll by themselves', () => {
    expect(render('| a |\n|---|\n| b |\n', resolve).html).toMatch(
      /<div class="table"[^>]*><table>[\s\S]*<\/table><\/div>/,
    )
  })
})

describe('highlight', () => {
  it('marks comments, strings, numbers and words, and nothing inside of them', () => {
    expect(highlight("const a = 'if 1' // not 2", 'ts')).toBe(
      '<span class="keyword">const</span> a = <span class="string">\'if 1\'</span> <span class="comment">// not 2</span>',
    )
    expect(highlight('npm run x -- --out <y> # z', 'sh')).toBe(
      'npm run x <span class="keyword">--</span> <span class="keyword">--out</span> &lt;y&gt; <span class="comment"># z</span>',
    )
  })

  it('escapes what it does not know', () => {
    expect(highlight('<a href="b">&', 'text')).toBe('&lt;a href=&quot;b&quot;&gt;&amp;')
  })
})

it('the front page is the README, and folders are what their README says', () => {
  expect(pageOf('README.md')).toBe('index.html')
  expect(pageOf('docs/start.md')).toBe('start.html')
  expect(pageOf('packages/net-api/README.md')).toBe('packages/net-api.html')
})
