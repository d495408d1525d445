/** What views are drawn with, so that the same drawing is a canvas on the page and an SVG file to take away. */
export interface Painter {
  line(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void
  /** Many at once: x1, y1, x2, y2 of each. */
  lines(points: readonly number[], stroke: Stroke): void
  /** Filled: x and y of three corners of each. */
  triangles(points: readonly number[], fill: string): void
  rect(x: number, y: number, width: number, height: number, fill: string): void
  text(x: number, y: number, text: string, style: TextStyle): void
}

export interface Stroke {
  readonly colour: string
  readonly width: number
  /** Lengths of dashes and gaps. */
  readonly dash?: readonly number[]
  /** 0 to 1. */
  readonly opacity?: number
}

export interface TextStyle {
  readonly colour: string
  readonly font: string
  readonly align?: 'start' | 'center' | 'end'
  /** Radians, around the point. */
  readonly angle?: number
  /** A rim around the letters in this colour, so that they can be read across a line. */
  readonly halo?: string
  readonly opacity?: number
}

const SOLID: readonly number[] = []
/** Widths of letters, about, as parts of the font's size. */
const MONO_LETTER = 0.605
const SANS_LETTER = 0.56

export class CanvasPainter implements Painter {
  private readonly context: CanvasRenderingContext2D

  constructor(context: CanvasRenderingContext2D) {
    this.context = context
    context.lineJoin = 'round'
    context.textBaseline = 'middle'
  }

  line(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void {
    this.lines([x1, y1, x2, y2], stroke)
  }

  lines(points: readonly number[], stroke: Stroke): void {
    const { context } = this
    context.globalAlpha = stroke.opacity ?? 1
    context.strokeStyle = stroke.colour
    context.lineWidth = stroke.width
    context.setLineDash(stroke.dash ?? SOLID)
    context.beginPath()
    for (let at = 0; at < points.length; at += 4) {
      context.moveTo(points[at], points[at + 1])
      context.lineTo(points[at + 2], points[at + 3])
    }
    context.stroke()
    context.globalAlpha = 1
  }

  triangles(points: readonly number[], fill: string): void {
    const { context } = this
    context.fillStyle = fill
    context.beginPath()
    for (let at = 0; at < points.length; at += 6) {
      context.moveTo(points[at], points[at + 1])
      context.lineTo(points[at + 2], points[at + 3])
      context.lineTo(points[at + 4], points[at + 5])
      context.closePath()
    }
    context.fill()
  }

  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.context.fillStyle = fill
    this.context.fillRect(x, y, width, height)
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const { context } = this
    context.globalAlpha = style.opacity ?? 1
    context.font = style.font
    context.textAlign = style.align ?? 'start'
    const angle = style.angle ?? 0
    if (angle !== 0) {
      context.save()
      context.translate(x, y)
      context.rotate(angle)
      context.translate(-x, -y)
    }
    if (style.halo !== undefined) this.clearBehind(x, y, text, style)
    context.fillStyle = style.colour
    context.fillText(text, x, y)
    if (angle !== 0) context.restore()
    context.globalAlpha = 1
  }

  /** A plain box: stroking every letter would take longer than all the rest. */
  private clearBehind(x: number, y: number, text: string, { font, align, halo }: TextStyle): void {
    const { context } = this
    const size = Number.parseFloat(/[\d.]+(?=px)/.exec(font)?.[0] ?? '11')
    const width = text.length * size * (font.includes('ono') ? MONO_LETTER : SANS_LETTER)
    const left = align === 'end' ? x - width : align === 'center' ? x - width / 2 : x
    context.fillStyle = halo!
    context.globalAlpha *= 0.85
    context.fillRect(left, y - size / 2, width, size)
    context.globalAlpha /= 0.85
  }
}

/** Writes an SVG document. */
export class SvgPainter implements Painter {
  private readonly parts: string[] = []
  private readonly size: string

  constructor(width: number, height: number, background: string) {
    this.size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
    this.rect(0, 0, width, height, background)
  }

  line(x1: number, y1: number, x2: number, y2: number, stroke: Stroke): void {
    const dash = stroke.dash?.length ? ` stroke-dasharray="${stroke.dash.join(' ')}"` : ''
    const opacity = stroke.opacity === undefined ? '' : ` opacity="${stroke.opacity}"`
    this.parts.push(
      `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke.colour}" stroke-width="${stroke.width}"${dash}${opacity}/>`,
    )
  }

  lines(points: readonly number[], stroke: Stroke): void {
    for (let at = 0; at < points.length; at += 4) {
      this.line(points[at], points[at + 1], points[at + 2], points[at + 3], stroke)
    }
  }

  triangles(points: readonly number[], fill: string): void {
    for (let at = 0; at < points.length; at += 6) {
      const corners = points
        .slice(at, at + 6)
        .map(round)
        .join(' ')
      this.parts.push(`<polygon points="${corners}" fill="${fill}"/>`)
    }
  }

  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.parts.push(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`,
    )
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const anchor = { start: 'start', center: 'middle', end: 'end' }[style.align ?? 'start']
    const turn =
      style.angle === undefined || style.angle === 0
        ? ''
        : ` transform="rotate(${round((style.angle * 180) / Math.PI)} ${round(x)} ${round(y)})"`
    const halo =
      style.halo === undefined ? '' : ` stroke="${style.halo}" stroke-width="3" paint-order="stroke"`
    const opacity = style.opacity === undefined ? '' : ` opacity="${style.opacity}"`
    this.parts.push(
      `<text x="${round(x)}" y="${round(y)}" fill="${style.colour}" style="font:${escapeText(style.font)}" text-anchor="${anchor}" dominant-baseline="central"${halo}${opacity}${turn}>${escapeText(text)}</text>`,
    )
  }

  toString(): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" ${this.size}>${this.parts.join('\n')}</svg>\n`
  }
}

const round = (value: number): number => Math.round(value * 100) / 100

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
