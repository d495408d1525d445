import type { EndRecord } from '../../model/recording.ts'
import { timeText } from '../format.ts'
import type { Painter } from '../painter.ts'
import type { Palette } from '../palette.ts'
import { addPlainArrow, drawArrow } from './arrows.ts'
import { Batch } from './batch.ts'
import { drawLabels } from './labels.ts'
import { drawGutters } from './notes.ts'
import { type Arrow, arrowOf, BAR, HEAD, type LadderScene, lifelines, visibleRange } from './scene.ts'

export function drawLadder(painter: Painter, scene: LadderScene, palette: Palette): void {
  drawBackground(painter, scene, palette)
  const [first, last] = visibleRange(scene.layout, scene.top - HEAD, scene.height + HEAD)
  const arrow: Arrow = { x1: 0, y1: 0, x2: 0, y2: 0 }
  const batch = new Batch()
  const special: number[] = []
  for (let number = first; number < last; number++) {
    arrowOf(scene, number, arrow)
    if (arrow.y2 < -10 && arrow.y1 < -10) continue
    if (!addPlainArrow(batch, scene, palette, number, arrow)) special.push(number)
  }
  batch.draw(painter)
  for (const number of special) drawArrow(painter, scene, palette, number, arrowOf(scene, number, arrow))
  drawLabels(painter, scene, palette, first, last)
  drawGutters(painter, scene, palette)
  drawCursor(painter, scene, palette)
  drawHead(painter, scene, palette)
}

function drawBackground(painter: Painter, scene: LadderScene, palette: Palette): void {
  const { left, right } = lifelines(scene.width)
  for (const fold of scene.layout.folds) {
    const y = fold.y - scene.top + HEAD
    if (y < -40 || y > scene.height + 40) continue
    painter.rect(left, y - 13, right - left, 26, palette.band)
    painter.text((left + right) / 2, y, `${timeText(fold.to - fold.from)} without a segment`, {
      colour: palette.quiet,
      font: `11px ${palette.sans}`,
      align: 'center',
    })
  }
  for (const x of [left, right]) {
    painter.line(x, 0, x, scene.height, { colour: palette.rule, width: 2 })
  }
  if (scene.router) {
    const x = (left + right) / 2
    painter.line(x, 0, x, scene.height, { colour: palette.rule, width: 1, dash: [3, 5] })
  }
}

function drawCursor(painter: Painter, scene: LadderScene, palette: Palette): void {
  const y = scene.layout.yOf(scene.cursorTime) - scene.top + HEAD
  if (y < BAR || y > scene.height + 2) return
  painter.line(0, y, scene.width, y, { colour: palette.accent, width: 1.2 })
  const { left, right } = lifelines(scene.width)
  const text = timeText(scene.cursorTime)
  const width = text.length * 6.4 + 14
  const x = (left + right) / 2
  painter.rect(x - width / 2, y - 9, width, 18, palette.accent)
  painter.text(x, y, text, { colour: palette.background, font: `600 11px ${palette.sans}`, align: 'center' })
}

function drawHead(painter: Painter, scene: LadderScene, palette: Palette): void {
  const { left, right } = lifelines(scene.width)
  painter.rect(0, 0, scene.width, BAR, palette.background)
  const font = `600 13px ${palette.sans}`
  painter.text(left, 11, 'A', { colour: palette.text, font, align: 'center' })
  painter.text(right, 11, 'B', { colour: palette.text, font, align: 'center' })
  for (const [x, host] of [
    [left - 12, 'A'],
    [right + 12, 'B'],
  ] as const) {
    const address = addressOf(scene.recording.ends, host)
    if (address === null || scene.width < 420) continue
    painter.text(x, 11, address, {
      colour: palette.quiet,
      font: `10.5px ${palette.sans}`,
      align: host === 'A' ? 'end' : 'start',
    })
  }
  if (scene.router) {
    painter.text((left + right) / 2, 11, 'router', {
      colour: palette.quiet,
      font: `11px ${palette.sans}`,
      align: 'center',
    })
  }
  painter.line(0, BAR, scene.width, BAR, { colour: palette.rule, width: 1 })
}

function addressOf(ends: readonly EndRecord[], host: string): string | null {
  const address = ends.find((end) => end.host === host)?.address
  return address === undefined ? null : address.split(/[\s,]/)[0].replace(/:\d+$/, '')
}
