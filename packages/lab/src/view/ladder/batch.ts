import type { Painter, Stroke } from '../painter.ts'

/** Lines and triangles of the same looks, drawn together: of a full ladder that is a third of the work. */
export class Batch {
  private readonly lines = new Map<string, { readonly stroke: Stroke; readonly points: number[] }>()
  private readonly heads = new Map<string, number[]>()

  line(x1: number, y1: number, x2: number, y2: number, colour: string, width: number, opacity: number): void {
    const key = `${colour} ${width} ${opacity}`
    let group = this.lines.get(key)
    if (group === undefined) {
      group = { stroke: { colour, width, opacity }, points: [] }
      this.lines.set(key, group)
    }
    group.points.push(x1, y1, x2, y2)
  }

  triangle(colour: string, points: readonly number[]): void {
    let group = this.heads.get(colour)
    if (group === undefined) {
      group = []
      this.heads.set(colour, group)
    }
    group.push(...points)
  }

  draw(painter: Painter): void {
    for (const { stroke, points } of this.lines.values()) painter.lines(points, stroke)
    for (const [colour, points] of this.heads) painter.triangles(points, colour)
  }
}
