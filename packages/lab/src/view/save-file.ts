import { h } from './h.ts'

/** Hands a file to the reader. It never leaves the machine. */
export function saveFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  const link = h('a', { href: address, download: name })
  document.body.append(link)
  link.click()
  link.remove()
  // The browser has begun to save by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

/** A file name made of a title. */
export function fileName(title: string, ending: string): string {
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return `tapwire-${name || 'run'}.${ending}`
}

/** Draws an SVG document into a picture. @param scale pixels for each of its units */
export async function svgToPng(svg: string, scale = 2): Promise<Blob> {
  const picture = new Image()
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    picture.src = address
    await picture.decode()
    // Canvases have limits; a long ladder is drawn smaller.
    const fit = Math.min(scale, 16_000 / picture.height, 16_000 / picture.width)
    const canvas = h('canvas', {
      width: Math.ceil(picture.width * fit),
      height: Math.ceil(picture.height * fit),
    })
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done))
    if (blob === null) throw new Error('The picture could not be drawn')
    return blob
  } finally {
    URL.revokeObjectURL(address)
  }
}

/** An SVG element of the page as a document of its own, with the looks that the stylesheet gives it. */
export function standaloneSvg(svg: SVGSVGElement, background: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement
  const originals = [svg, ...svg.querySelectorAll('*')]
  const copies = [copy, ...copy.querySelectorAll('*')]
  const kept = [
    'fill',
    'stroke',
    'stroke-width',
    'stroke-dasharray',
    'opacity',
    'font',
    'text-anchor',
    'paint-order',
  ]
  for (const [index, original] of originals.entries()) {
    const style = getComputedStyle(original)
    for (const name of kept) {
      const value = style.getPropertyValue(name)
      if (value !== '') (copies[index] as SVGElement).style.setProperty(name, value)
    }
  }
  const { width, height } = svg.viewBox.baseVal
  copy.setAttribute('width', String(width))
  copy.setAttribute('height', String(height))
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.style.setProperty('background', background)
  return new XMLSerializer().serializeToString(copy)
}
