const LABEL = 140
const GAP = 30
const LANE = 66
const BOX = 44
const MARGIN = 10
/** Widths of a letter at the sizes below, in every font that is likely. */
const [NAME_LETTER, FILE_LETTER] = [7.4, 6.1]

const STYLE = `
  text { font-family: ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace; fill: #1b222a }
  .lane { fill: #f5f7f9; stroke: #d9dfe5 }
  .label { font: 600 13px system-ui, 'Segoe UI', Roboto, sans-serif; fill: #56616d }
  .box { fill: #ffffff; stroke: #0b5fa5 }
  .name { font-size: 12px; font-weight: 600 }
  .file { font-size: 10px; fill: #56616d }
  .arrow { fill: none; stroke: #0b5fa5; stroke-width: 1.5; marker-end: url(#head) }
  .head { fill: #0b5fa5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #dde3e9 } .lane { fill: #1b2127; stroke: #323b44 } .label, .file { fill: #9aa6b2 }
    .box { fill: #14181d; stroke: #74b8f5 } .arrow { stroke: #74b8f5 } .head { fill: #74b8f5 }
  }`

const widthOf = ([name, file]) => 18 + Math.max(name.length * NAME_LETTER, shortOf(file).length * FILE_LETTER)
/** Below the package's folder of sources. */
const shortOf = (file) => file.replace(/^[\w-]+\/src\//, '')

/** A figure as the text of an SVG file, for a light page and a dark one. */
export function draw({ title, lanes, flow, up = false }) {
  const width = Math.ceil(Math.max(...lanes.map(([, boxes]) => endOf(boxes)))) + MARGIN
  const height = lanes.length * LANE + 2 * MARGIN
  const parts = []
  const boxes = []
  for (const [i, [label, content]] of lanes.entries()) {
    const y = MARGIN + (up ? lanes.length - 1 - i : i) * LANE
    parts.push(
      `<rect class="lane" x="${MARGIN / 2}" y="${y + 3}" width="${width - MARGIN}" height="${LANE - 6}" rx="6"/>`,
    )
    parts.push(`<text class="label" x="${MARGIN + 6}" y="${y + LANE / 2 + 4}">${label}</text>`)
    let x = MARGIN + LABEL
    for (const box of content) {
      const place = { x, y: y + (LANE - BOX) / 2, width: widthOf(box), lane: i }
      boxes.push(place)
      parts.push(...drawBox(box, place))
      x += place.width + GAP
    }
  }
  if (flow) for (const [i, to] of boxes.entries()) if (i > 0) parts.push(arrow(boxes[i - 1], to, up))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${title}</title>
<style>${STYLE}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
${parts.join('\n')}
</svg>
`
}

const endOf = (boxes) =>
  MARGIN + LABEL + boxes.reduce((sum, box) => sum + widthOf(box) + GAP, 0) - GAP + MARGIN

function drawBox([name, file], { x, y, width }) {
  const middle = round(x + width / 2)
  return [
    `<rect class="box" x="${round(x)}" y="${y}" width="${round(width)}" height="${BOX}" rx="5"/>`,
    `<text class="name" x="${middle}" y="${y + 19}" text-anchor="middle">${name}</text>`,
    `<text class="file" x="${middle}" y="${y + 34}" text-anchor="middle">${shortOf(file)}</text>`,
  ]
}

/** To the right within a lane; else around the end of the one and to the beginning of the next. */
function arrow(from, to, up) {
  const middle = from.y + BOX / 2
  if (from.lane === to.lane)
    return `<path class="arrow" d="M${round(from.x + from.width)} ${middle}H${round(to.x - 2)}"/>`
  const start = round(from.x + from.width / 2)
  const end = round(to.x + Math.min(24, to.width / 2))
  const [leave, between, enter] = up
    ? [from.y, from.y - (LANE - BOX) / 2, to.y + BOX + 2]
    : [from.y + BOX, from.y + BOX + (LANE - BOX) / 2, to.y - 2]
  return `<path class="arrow" d="M${start} ${leave}V${between}H${end}V${enter}"/>`
}

const round = (value) => Math.round(value * 10) / 10
