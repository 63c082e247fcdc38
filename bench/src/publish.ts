import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { plot } from './measuring/plot.ts'
import { formatMarkdown } from './measuring/report.ts'
import type { FiguresDocument } from './measuring/row.ts'

/*
 * Turns what `--json` wrote, in one or several runs on one machine, into tables for a page and a
 * plot.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { svg: { type: 'string' } },
})
const documents = await Promise.all(
  positionals.map(async (path) => JSON.parse(await readFile(path, 'utf8')) as FiguresDocument),
)
const [first] = documents
if (first === undefined) throw new RangeError('there must be a file of figures')
const rows = documents.flatMap((document) => document.rows)
process.stdout.write(formatMarkdown(rows))
if (values.svg !== undefined) await writeFile(values.svg, plot({ ...first, rows }))
