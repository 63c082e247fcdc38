import { type Figures, figuresOf, median, ratio, unitsOf } from './report.ts'
import type { FiguresDocument, RowResult } from './row.ts'

/*
 * Lengths are in the units of the picture. Each row of figures is a strip: a title, then a line for
 * each contender.
 */
const width = 900
const margin = 20
const nameWidth = 250
const plotWidth = 430
const titleHeight = 46
const lineHeight = 22
const stripGap = 18
const plotLeft = margin + nameWidth

/**
 * Draws the speed of every contender in the rows that have a peer: a bar as long as its median, a
 * dot for each round. Colours follow the reader's setting for light or dark.
 */
export function plot({ machine, node, rows }: FiguresDocument): string {
  const strips: string[] = []
  let top = 72
  for (const row of rows.filter(hasPeer)) {
    strips.push(strip(row, top))
    top += titleHeight + lineHeight * row.contenders.length + stripGap
  }
  const about = `${machine}, Node ${node}, the servers on the same machine`
  const legend =
    'Bar: median. Dots: rounds. Ratio: by Kannery / by this; equal: the rounds overlap.'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" role="img">
<title>Speed of Kannery and of its peers</title>
<style>${style}</style>
<rect class="ground" width="${width}" height="${top}"/>
<text x="${margin}" y="30">${escapeText(about)}</text>
<text class="faint" x="${margin}" y="48">${legend}</text>
${strips.join('\n')}
</svg>
`
}

function hasPeer({ contenders }: RowResult): boolean {
  return contenders.some(({ name }) => !isKannery(name))
}

function isKannery(name: string): boolean {
  return name.startsWith('kannery')
}

const style = `
  text { font: 12px sans-serif; fill: #1f2328 }
  .title { font-weight: bold }
  .faint { fill: #59636e }
  .ground { fill: #ffffff }
  .bar { fill: #c8d1da }
  .ours { fill: #54aeff }
  .dot { fill: #1f2328 }
  @media (prefers-color-scheme: dark) {
    text, .dot { fill: #e6edf3 }
    .faint { fill: #9198a1 }
    .ground { fill: #0d1117 }
    .bar { fill: #3d444d }
    .ours { fill: #1f6feb }
  }
`

function strip(row: RowResult, top: number): string {
  const figures = row.contenders.map((contender) => figuresOf(row.work, contender))
  const greatest = Math.max(...figures.flatMap(({ speeds }) => speeds))
  const lines = figures.map((line, index) =>
    contenderLine(line, {
      top: top + titleHeight + index * lineHeight,
      scale: plotWidth / greatest,
      ours: figures[0]?.speeds ?? [],
    }),
  )
  const title = `${unitsOf(row.work).speed}, ${row.title}`
  return `<text class="title" x="${margin}" y="${top + 14}">${escapeText(row.name)}</text>
<text class="faint" x="${margin}" y="${top + 32}">${escapeText(title)}</text>
${lines.join('\n')}`
}

interface LinePlace {
  readonly top: number
  /** Length of a unit of speed. */
  readonly scale: number
  /** Kannery's speeds. */
  readonly ours: readonly number[]
}

function contenderLine({ name, speeds }: Figures, { top, scale, ours }: LinePlace): string {
  const middle = top + lineHeight / 2
  const length = (value: number): string => (value * scale).toFixed(1)
  const kind = isKannery(name) ? 'bar ours' : 'bar'
  const dots = speeds.map(
    (speed) =>
      `<circle class="dot" cx="${(plotLeft + speed * scale).toFixed(1)}" cy="${middle}" r="2.5"/>`,
  )
  const said = speeds === ours ? '' : `, ratio ${ratio(ours, speeds)}`
  return `<text x="${margin}" y="${middle + 4}">${escapeText(name)}</text>
<rect class="${kind}" x="${plotLeft}" y="${top + 3}" width="${length(median(speeds))}" height="16"/>
${dots.join('')}
<text x="${plotLeft + plotWidth + 12}" y="${middle + 4}">${median(speeds).toFixed(0)}${said}</text>`
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
