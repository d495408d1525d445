import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { checkLinks } from '../src/links.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function siteOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-links-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

it('finds nothing wrong with links that lead somewhere', () => {
  const folder = siteOf({
    'index.html':
      '<a href="a/b.html#c">x</a><a href="#d">y</a><h2 id="d"></h2><a href="a/">z</a><link href="s.css">',
    'a/b.html':
      '<h2 id="c"></h2><img src="../p.svg"><a href="../index.html?q=1">x</a><a href="https://example.org/">y</a>',
    'a/index.html': '',
    's.css': '',
    'p.svg': '',
  })
  expect(checkLinks(folder)).toEqual({ pages: 3, links: 6, dead: [], foreign: [] })
})

it('finds files, names and folders that are not there, and what leaves the site', () => {
  const folder = siteOf({
    'index.html':
      '<a href="gone.html">1</a><a href="b.html#gone">2</a><a href="../up.html">3</a><a href="empty/">4</a>',
    'b.html': '<h2 id="here"></h2>',
    'empty/x.txt': '',
  })
  expect(checkLinks(folder).dead.map(({ link, why }) => `${link}: ${why}`)).toEqual([
    'gone.html: there is no such file',
    'b.html#gone: nothing on that page is called gone',
    '../up.html: it leaves the site',
    'empty/: the folder has no page',
  ])
})

it('finds what a page would load from elsewhere', () => {
  const folder = siteOf({
    'index.html':
      '<script src="https://example.org/x.js"></script><img src="//example.org/x.png"><img src="data:image/png;base64,AA">',
  })
  expect(checkLinks(folder).foreign.map(({ link }) => link)).toEqual([
    'https://example.org/x.js',
    '//example.org/x.png',
  ])
})
